"""What payment providers call."""
