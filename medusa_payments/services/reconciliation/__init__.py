"""Comparing the provider's books with ours, both ways."""
