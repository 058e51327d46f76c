"""URLs of viewsets: string path converters, with and without a trailing slash."""

from typing import Any

from django.urls import URLPattern, URLResolver
from rest_framework.routers import Route, SimpleRouter

_DETAIL_ACTIONS = {"get": "retrieve", "post": "update", "delete": "destroy"}


class _MedusaRouter(SimpleRouter):
    """Medusa updates with POST."""

    routes = [
        route._replace(mapping=_DETAIL_ACTIONS) if isinstance(route, Route) and route.detail else route
        for route in SimpleRouter.routes
    ]


class PaymentsRouter(_MedusaRouter):
    """Routes every path as Medusa writes it; the same path with a trailing slash works too, undocumented."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        twin = _UndocumentedRouter(trailing_slash=True, use_regex_path=False)
        for prefix, viewset, basename in self.registry:
            twin.register(prefix, viewset, f"{basename}-slash")
        return [*super().get_urls(), *twin.get_urls()]


class _UndocumentedRouter(_MedusaRouter):
    def get_routes(self, viewset: Any) -> list[Route]:
        return [
            route._replace(initkwargs={**route.initkwargs, "schema": None}) for route in super().get_routes(viewset)
        ]
