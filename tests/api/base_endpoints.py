"""A few endpoints on the base viewsets, and a plain one of the host's beside them."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, connection
from django.http import Http404, UnreadablePostError
from django.urls import include, path
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from medusa_payments import exceptions
from medusa_payments.api.lists.filters import ListQuery
from medusa_payments.api.openapi.schema import operation
from medusa_payments.api.viewsets import AdminViewSet, PublicViewSet, StoreViewSet
from medusa_payments.api.wire.fields import AmountField, RecordField, StrictSerializer, StringField

ERRORS: dict[str, Exception] = {
    "invalid-data": exceptions.InvalidData("wrong"),
    "not-allowed": exceptions.NotAllowed("forbidden by state"),
    "unauthorized": exceptions.Unauthorized("Invalid email or password"),
    "forbidden": exceptions.Forbidden("not you"),
    "not-found": exceptions.NotFound("Payment id not found: x"),
    "conflict": exceptions.Conflict("ours", retry_after=2),
    "cart-changed": exceptions.Conflict("The cart has changed", code="cart_changed"),
    "outcome-unknown": exceptions.PaymentOutcomeUnknown("Not known yet", details={"operation_id": "payop_1"}),
    "duplicate": exceptions.DuplicateError("code is taken"),
    "idempotency": exceptions.IdempotencyError("Key used before"),
    "declined": exceptions.PaymentAuthorizationError("Declined"),
    "not-reachable": exceptions.ProviderNotReachable("Not reachable", retry_after=30),
    "inside-transaction": exceptions.InsideTransaction("Call it after commit"),
    "http-404": Http404("secret"),
    "permission-denied": PermissionDenied("secret"),
    "suspicious": SuspiciousOperation("secret"),
    "too-big": RequestDataTooBig("secret"),
    "unreadable": UnreadablePostError("secret"),
    "throttled": Throttled(wait=7),
    "drf-validation": serializers.ValidationError({"a": ["is odd"]}),
    "database": DatabaseError("secret 4242424242424242"),
    "bug": ZeroDivisionError("secret 4242424242424242"),
}


class EchoBody(StrictSerializer):
    name = StringField()
    amount = AmountField(required=False)
    record = RecordField(required=False)
    kind = serializers.ChoiceField(choices=["red", "blue"], required=False)


class ListParameter(serializers.ListField):
    """One string or a list of them; always a list afterwards."""

    child = StringField()

    def to_internal_value(self, data: Any) -> list[str]:
        return super().to_internal_value([data] if isinstance(data, str) else data)


class EchoQuery(ListQuery):
    orderable: ClassVar[frozenset[str]] = frozenset({"id", "amount"})

    id = ListParameter(required=False)


class EchoResponse(serializers.Serializer[Any]):
    echo = serializers.DictField()


class EchoViewSet(PublicViewSet):
    @operation(
        operation_id="PostEcho",
        summary="Echo a body",
        description="Says it again.",
        tags=["Echo"],
        request=EchoBody,
        response=EchoResponse,
        request_example={"name": "a"},
        response_example={"echo": {"name": "a"}},
    )
    def create(self, request: Request) -> Response:
        return Response({"echo": self.validated(EchoBody, request.data), "customer_id": self.customer_id})

    @operation(
        operation_id="GetEchoes",
        summary="Echo a query",
        description="Says it again.",
        tags=["Echo"],
        parameters=[EchoQuery],
        response=EchoResponse,
    )
    def list(self, _: Request) -> Response:
        return Response({"echo": self.validated_query(EchoQuery)})

    @operation(operation_id="GetEcho", summary="Fail", description="Fails.", tags=["Echo"], response=EchoResponse)
    def retrieve(self, _: Request, id: str) -> Response:
        raise ERRORS[id]


class StoreThings(StoreViewSet):
    @operation(operation_id="GetThings", summary="Things", description="Things.", tags=["Store"], response=EchoResponse)
    def list(self, _: Request) -> Response:
        return Response({"echo": {"customer_id": self.customer_id}})

    @operation(operation_id="PostThing", summary="Thing", description="Thing.", tags=["Store"], response=EchoResponse)
    def create(self, _: Request) -> Response:
        return Response({"echo": {"customer_id": self.customer_id, "is_atomic": connection.in_atomic_block}})


class AdminThings(AdminViewSet):
    required_permissions: ClassVar[dict[str, str]] = {
        "list": "medusa_payments.view_payment",
        "create": "medusa_payments.capture_payment",
    }

    @operation(operation_id="GetStaff", summary="Things", description="Things.", tags=["Admin"], response=EchoResponse)
    def list(self, _: Request) -> Response:
        return Response({"echo": {"actor_id": self.actor_id}})

    @operation(operation_id="PostStaff", summary="Thing", description="Thing.", tags=["Admin"], response=EchoResponse)
    def create(self, _: Request) -> Response:
        return Response({"echo": {"actor_id": self.actor_id}})

    @operation(operation_id="GetNobody", summary="Nobody", description="None.", tags=["Admin"], response=EchoResponse)
    def retrieve(self, _: Request, id: str) -> Response:
        return Response({"echo": {"id": id}})


class HostView(APIView):
    """The host's own, under the host's own settings."""

    def get(self, _: Request) -> Response:
        return Response({"is_atomic": connection.in_atomic_block})


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("echo", EchoViewSet, "echo")
router.register("store/things", StoreThings, "store-things")
router.register("admin/things", AdminThings, "admin-things")

urlpatterns = [
    path("", include(router.urls)),
    path("deep/down/", include((router.urls, "deep"))),
    path("host", HostView.as_view()),
]
