"""How often somebody may try to log in, over the API and in Django admin: REST framework's own throttles."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from rest_framework.throttling import SimpleRateThrottle

from medusa_payments.api.wire.exceptions import TOO_MANY_REQUESTS


class AddressThrottle(SimpleRateThrottle):
    """Everything from one address, whoever it says it is."""

    scope = "login_address"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"login-address-{self.get_ident(request)}"


class NameThrottle(SimpleRateThrottle):
    """Everything about one login, from wherever it comes."""

    scope = "login_name"

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        name = _name(request)
        return f"login-name-{hashlib.sha256(name.encode()).hexdigest()}" if name else None


LOGIN_THROTTLES: tuple[type[SimpleRateThrottle], ...] = (AddressThrottle, NameThrottle)


def _name(request: Any) -> str:
    """The API's body is read already; Django admin sends a form."""
    body = getattr(request, "data", None) or request.POST
    name = body.get("email") or body.get("username")
    return name.strip().lower() if isinstance(name, str) else ""


def throttled(login: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return Django admin's login view, which answers 429 to those who try too often."""

    @wraps(login)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for throttle in (made() for made in LOGIN_THROTTLES) if request.method == "POST" else ():
            if not throttle.allow_request(cast("Any", request), cast("Any", None)):
                seconds = max(1, round(throttle.wait() or 1))
                return HttpResponse(TOO_MANY_REQUESTS, status=429, headers={"Retry-After": str(seconds)})
        return login(request, *args, **kwargs)

    return view
