"""System checks: a misconfigured shop is told so at start, with a hint.

All have the tag `medusa_payments`, but for W010, which reads the database and has Django's tag for that. None shows
the value of a provider's option.
"""

from medusa_payments.checks import databases, operations, providers, settings, urls

__all__ = ["databases", "operations", "providers", "settings", "urls"]
