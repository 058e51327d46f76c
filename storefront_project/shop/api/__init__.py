"""Medusa's store API of the shop, and what the demo needs beside it."""
