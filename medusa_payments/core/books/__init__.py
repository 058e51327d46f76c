"""A collection and its money: what is booked, and what follows from it."""
