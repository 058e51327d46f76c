"""A module of a shop with a bug in it."""

raise ZeroDivisionError("secret 4242")
