"""The answer of the pages when the database is unavailable."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import Error, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern

from medusa_payments.services.faults import is_database_unavailable, log_exception

RETRY_SECONDS = 5


def telling_of_trouble(pattern: URLPattern) -> URLPattern:
    """Make a page answer 503 with an explanation, not 500, when the database is unavailable."""
    pattern.callback = _guarded(pattern.callback)
    return pattern


def _guarded(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **keywords: Any) -> Any:
        try:
            return view(request, *arguments, **keywords)
        except Error as error:
            if not is_database_unavailable(error):
                raise
            log_exception(f"page {getattr(request.resolver_match, 'route', '')}", error)
            _undo_transactions_of_the_host()
            return _page()

    return guarded


def _undo_transactions_of_the_host() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            transaction.set_rollback(True, using=connection.alias)


def _page() -> HttpResponse:
    """Render the page without reading the database: not even the user is known."""
    text = render_to_string("admin/medusa_payments/unavailable.html")
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "private, no-store"}
    return HttpResponse(text, status=503, headers=headers)
