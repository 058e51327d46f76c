"""System checks: a misconfigured shop is told so at start, with a hint.

All have the tag `medusa_payments`. None connects to a database or shows the value of a provider's option.
"""

from medusa_payments.checks import databases, providers, settings, urls

__all__ = ["databases", "providers", "settings", "urls"]
