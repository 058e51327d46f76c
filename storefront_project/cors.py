"""Which other sites may call: as `CORS_…` of the settings say."""

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


class EmptyPreflightMiddleware(CorsMiddleware):
    """Answers a preflight with 204, as Medusa does."""

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        return super().check_preflight(request) and HttpResponse(status=204)
