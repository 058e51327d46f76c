"""The store API: what a storefront calls."""
