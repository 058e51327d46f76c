"""The documents that responses of v2 show, each declared once."""
