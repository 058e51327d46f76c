"""A stateful stand-in for Stripe: its HTTP API, for the calls of the Stripe provider and its checkout page.

`StripeTwin(path).http_client()` is a transport for the unmodified `stripe` library; `stripe_twin.urls` mounts the same
twin in a Django project. Everything it knows lives in one SQLite file. What it doesn't simulate it refuses, loudly.
"""
