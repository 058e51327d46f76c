"""How a collection is to be paid: its cart, the choice of sessions, their plan, and who may choose."""
