"""The description of the endpoints in OpenAPI."""
