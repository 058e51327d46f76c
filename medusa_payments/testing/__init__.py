"""For tests and demos, of this package and of the shops that use it; never for a shop's own code."""
