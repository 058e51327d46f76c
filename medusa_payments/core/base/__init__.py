"""What the core stands on: the lock, processes and their leases, calls to providers, debts to callers."""
