"""Requests, validated; responses, declared for the schema. Component names are Medusa's."""
