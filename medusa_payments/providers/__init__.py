"""Payment service providers: the edge where money moves."""
