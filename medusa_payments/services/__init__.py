"""Everything the app does, one module per concept. Called by views, admin, commands and the host's own code."""
