"""Whom the host's own authentication classes recognise, looked up for each request."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.settings import api_settings, perform_import

from medusa_payments.conf import payments_settings


def host_authenticators(setting: str) -> list[BaseAuthentication]:
    """Return authenticators from a key of `MEDUSA_PAYMENTS`; where it is None, from the host's `REST_FRAMEWORK`."""
    configured = getattr(payments_settings, setting)
    classes: Any = (
        api_settings.DEFAULT_AUTHENTICATION_CLASSES
        if configured is None
        else perform_import(list(configured), f"MEDUSA_PAYMENTS['{setting}']")
    )
    return [authentication() for authentication in classes]


def is_logged_in(request: Request) -> bool:
    """Say whether the request has a user; a host's `UNAUTHENTICATED_USER` may be None."""
    return bool(getattr(request.user, "is_authenticated", False))
