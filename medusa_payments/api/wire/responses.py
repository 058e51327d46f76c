"""A response that knows whether it was delivered."""

from collections.abc import Iterator
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from rest_framework.response import Response

from medusa_payments.services.answers import Undelivered

TEST_CLIENT = "django.test.client"


class DeliveredResponse(Response):
    """A response that pays what its caller is owed once the server has closed it and its body was consumed.

    So nothing is paid where rendering, a middleware or the connection fails: the caller asks again, and is answered.
    """

    def __init__(self, response: Response, *, request: HttpRequest, undelivered: Undelivered) -> None:
        super().__init__(response.data, status=response.status_code, headers=dict(response.headers))
        self.exception = response.exception
        self._undelivered = undelivered
        self._is_consumed = _closes_unread(request)

    def __iter__(self) -> Iterator[Any]:
        """A server that can't write a part of the body doesn't ask for the next one."""
        yield from super().__iter__()
        self._is_consumed = True

    def close(self) -> None:
        if self._is_consumed:
            self._undelivered.pay()
        # What follows closes the database's connections.
        super().close()


def _closes_unread(request: HttpRequest) -> bool:
    """Say whether a body counts as consumed though nobody iterates over it."""
    # Django's handler of ASGI requests sends the content as a whole.
    if isinstance(request, ASGIRequest):
        return True
    # Django's test client has the content without reading it: nothing else has a request body of that module's type.
    return type(getattr(request, "environ", {}).get("wsgi.input")).__module__ == TEST_CLIENT
