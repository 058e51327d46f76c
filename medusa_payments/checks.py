"""System checks: a misconfigured shop is told so at start, with a hint."""

from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from medusa_payments.conf import DEFAULTS, SETTING_NAME


@register("medusa_payments")
def check_unknown_settings(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E001`: a key of the setting that this package doesn't know."""
    unknown = set(getattr(settings, SETTING_NAME, {})) - set(DEFAULTS)
    return [
        Error(f"{SETTING_NAME} has an unknown key '{key}'.", hint=_suggestion(key), id="medusa_payments.E001")
        for key in sorted(unknown)
    ]


def _suggestion(key: str) -> str:
    close = get_close_matches(key, DEFAULTS, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known keys: {', '.join(sorted(DEFAULTS))}."
