"""Makes PostgreSQL itself refuse to change or delete what was once written down: ledger lines and events.

Add `medusa_payments.contrib.postgres_guard` to `INSTALLED_APPS` and migrate. `migrate postgres_guard zero` takes the
triggers away. On other engines its migration does nothing, and a system check says so.
"""
