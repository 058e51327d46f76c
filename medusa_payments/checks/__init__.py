"""System checks: a misconfigured shop is told so at start, with a hint.

All have the tag `medusa_payments`, but for W010 and W014, which read the database and have Django's tag for that. None
shows the value of a provider's option.
"""

from medusa_payments.checks import accounts, databases, operations, providers, settings, storefronts, urls, values

__all__ = ["accounts", "databases", "operations", "providers", "settings", "storefronts", "urls", "values"]
