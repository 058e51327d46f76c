"""Which other sites may call: as `CORS_…` of the settings say."""

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


class EmptyPreflightMiddleware(CorsMiddleware):
    """Answers a preflight with 204 and no kind of content, as Medusa does."""

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        if super().check_preflight(request) is None:
            return None
        empty = HttpResponse(status=204)
        del empty.headers["Content-Type"]
        return empty
