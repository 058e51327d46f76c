"""Where the admin API is mounted, and whether it can be reached there."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from medusa_payments.checks.settings import TAG, configured

ADMIN_API = "medusa_payments.api.admin.urls"
DJANGO_ADMIN = "admin"
_HINT = "Mount Django admin elsewhere (at django-admin/, say), or the payment APIs under a prefix of their own."


@register(TAG)
def check_django_admin(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E008` and `W009`: Django admin hides the admin API, or shares its paths."""
    django_admins = [route for route, resolver in _mounted() if resolver.app_name == DJANGO_ADMIN]
    found: list[CheckMessage] = []
    for route in _admin_api_routes():
        if DJANGO_ADMIN in resolve(f"/{route}payments").app_names:
            text = f"/{route}payments is answered by Django admin: the payments' admin API can't be reached."
            found.append(Error(text, hint=_HINT, id="medusa_payments.E008"))
        elif route in django_admins:
            text = f"Django admin and the payments' admin API share /{route}: a path that either lacks is the other's."
            found.append(Warning(text, hint=_HINT, id="medusa_payments.W009"))
    return found


@register(TAG)
def check_somebody_can_log_in(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W006`: no authentication class recognises anybody."""
    classes = configured("ADMIN_AUTHENTICATION_CLASSES")
    if classes is None:
        # Where the host names none, REST framework has some.
        classes = getattr(settings, "REST_FRAMEWORK", {}).get("DEFAULT_AUTHENTICATION_CLASSES", True)
    if classes or not any(_admin_api_routes()):
        return []
    return [
        Warning(
            "The payments' admin API has no authentication classes: every request is answered with 401.",
            hint="List some in MEDUSA_PAYMENTS['ADMIN_AUTHENTICATION_CLASSES'].",
            id="medusa_payments.W006",
        )
    ]


def _admin_api_routes() -> list[str]:
    """Return where the admin API is mounted, as far as the paths are plain texts."""
    return [
        route
        for route, resolver in _mounted()
        if getattr(resolver.urlconf_name, "__name__", "") == ADMIN_API and not re.search(r"[<(^$\\?*+{}\[\]|]", route)
    ]


def _mounted() -> Iterator[tuple[str, URLResolver]]:
    return _resolvers(get_resolver().url_patterns) if getattr(settings, "ROOT_URLCONF", None) else iter(())


def _resolvers(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLResolver]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            route = f"{prefix}{pattern.pattern}"
            yield route, pattern
            yield from _resolvers(pattern.url_patterns, route)
