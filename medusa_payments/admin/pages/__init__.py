"""One page per model: its list, its fields, and the tables of related rows below."""
