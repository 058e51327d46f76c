"""Requests and responses as bytes: parsers, renderers, strict fields, validation, errors."""
