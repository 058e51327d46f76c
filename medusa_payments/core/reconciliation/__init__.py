"""Comparing the books of a provider with ours, both ways."""
