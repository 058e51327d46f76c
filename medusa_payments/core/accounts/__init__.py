"""A customer's accounts with payment providers: opening them, and forgetting the customer."""
