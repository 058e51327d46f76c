"""Whom a request comes from: the host's own authentication classes, looked up for each request, and secret keys."""

from base64 import b64decode
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.settings import api_settings, perform_import

from medusa_payments.conf import payments_settings
from medusa_payments.queries import SecretKey
from medusa_payments.services import secret_keys

V1_KEY_HEADER = "x-medusa-access-token"


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


def actor_id(request: Request) -> str:
    """Return who acts, as `created_by` records it: the id of the secret key, where one was sent, else the user's."""
    return request.auth.pk if isinstance(request.auth, SecretKey) else str(request.user.pk)


class SecretKeyAuthentication(BaseAuthentication):
    """`Authorization: Basic` with a secret key: `sk_…` as it is, or the base64 of `sk_…` or `sk_…:`. Clients of v1 send
    it as `x-medusa-access-token`.

    Other credentials are left to the other classes. There is no `WWW-Authenticate` header, as in Medusa: a challenge
    would make browsers ask for a user name and password.
    """

    def authenticate(self, request: Request) -> tuple[Any, SecretKey] | None:
        """Return the key's user and the key. Raises `AuthenticationFailed` for one that isn't valid now."""
        token = _sent_token(request)
        if token is None:
            return None
        recognised = secret_keys.authenticate(token)
        if recognised is None:
            raise AuthenticationFailed
        return recognised


def _sent_token(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        credentials = request.headers.get(V1_KEY_HEADER, "")
        return credentials if credentials.startswith(secret_keys.PREFIX) else None
    if scheme.lower() != "basic":
        return None
    credentials = credentials.strip()
    text = credentials if credentials.startswith(secret_keys.PREFIX) else _decoded(credentials)
    return text.removesuffix(":") if text.startswith(secret_keys.PREFIX) else None


def _decoded(credentials: str) -> str:
    try:
        return b64decode(credentials, validate=True).decode()
    except ValueError:
        return ""
