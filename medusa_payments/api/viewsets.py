"""Base viewsets. Whatever the host's `REST_FRAMEWORK` says, these answer alike, and change nothing of the host's."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, MethodNotAllowed, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import GenericViewSet

from medusa_payments.api.authentication import V1_KEY_HEADER, actor_id, host_authenticators
from medusa_payments.api.openapi.schema import PaymentsAutoSchema
from medusa_payments.api.permissions import (
    PUBLISHABLE_KEY_HEADER,
    HasPublishableKey,
    IsCustomer,
    IsStaffWithPermission,
    PublishableKeyIfSent,
)
from medusa_payments.api.wire.brackets import nested
from medusa_payments.api.wire.exceptions import exception_handler
from medusa_payments.api.wire.parsers import FormParser, JSONParser, refuse_unseen_body
from medusa_payments.api.wire.renderers import AlwaysJSON, JSONRenderer
from medusa_payments.api.wire.responses import DeliveredResponse
from medusa_payments.api.wire.validation import Problem, in_v2_words, validated
from medusa_payments.conf import payments_settings
from medusa_payments.customers import Customer, Shopper, resolve_customer
from medusa_payments.exceptions import InvalidData, NotFound, Unauthorized
from medusa_payments.services import faults
from medusa_payments.services.answers import paid_by_response

IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"

NEVER_KEPT = "private, no-store"

KEY_NEEDED = (
    f"This shop requires the header {IDEMPOTENCY_KEY_HEADER} for refunds. Send a new UUID for a new refund, "
    "and the same one again when you repeat a request."
)


class PaymentsViewSet(GenericViewSet[Any]):
    """What all endpoints share. Use one of its subclasses.

    `varies_on` are the headers that say who asks. No cache keeps an answer, unless `is_cacheable` and no error: most
    hold a client secret or a customer's data.
    """

    varies_on: ClassVar[tuple[str, ...]] = ()
    is_cacheable: ClassVar[bool] = False
    authentication_setting: ClassVar[str] = "STORE_AUTHENTICATION_CLASSES"
    is_for_shoppers: ClassVar[bool] = False
    parser_classes = (JSONParser, FormParser)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = AlwaysJSON
    pagination_class = None
    filter_backends = ()
    throttle_classes = ()
    throttle_setting: ClassVar[str] = "STORE_THROTTLE_CLASSES"
    throttle_scope = "payments_store"
    versioning_class = None
    metadata_class = None
    schema = PaymentsAutoSchema()
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    lookup_field = "id"
    lookup_value_converter = "str"

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Return the view, exempt from `ATOMIC_REQUESTS` on every database: money verbs commit before they call."""
        view = super().as_view(actions, **initkwargs)
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view

    def get_authenticators(self) -> list[BaseAuthentication]:
        return host_authenticators(self.authentication_setting)

    def get_throttles(self) -> list[BaseThrottle]:
        """Return those of the app's own settings; `DEFAULT_THROTTLE_CLASSES` are meant for the host's own API."""
        named = getattr(payments_settings, self.throttle_setting)
        return [(import_string(each) if isinstance(each, str) else each)() for each in named]

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return exception_handler

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request. What its caller is owed is paid when the response was delivered."""
        with paid_by_response() as self._undelivered:
            return super().dispatch(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        self._undelivered.only_of(exc)
        return super().handle_exception(exc)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the body first: Medusa reports a broken one before a missing key or login."""
        self.sent_before = faults.last_sent()
        refuse_unseen_body(request._request)
        # Our parsers make plain records: a form that the framework hands on was read by a middleware, and unchecked.
        if isinstance(request.data, QueryDict) and request.data:
            raise UnsupportedMediaType(request.content_type)
        # The framework shows the record as the form, too, to checks and reports that rely on a `QueryDict`.
        request._data = request._request.POST = QueryDict()  # type: ignore[attr-defined]
        if any("\0" in str(segment) for segment in kwargs.values()):
            raise NotFound("Not found")
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Say of every answer, errors too, who may keep it; have its delivery pay what its caller is owed."""
        if self._undelivered.debts:
            response = DeliveredResponse(response, request=self.request._request, undelivered=self._undelivered)
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.varies_on:
            patch_vary_headers(answer, self.varies_on)
        if not self.is_cacheable or answer.status_code >= 400:
            answer["Cache-Control"] = NEVER_KEPT
        return answer

    def http_method_not_allowed(self, request: HttpRequest | Request, *args: Any, **kwargs: Any) -> Response:
        """Raise `MethodNotAllowed`, whose own words would be in the host's language, and all other messages aren't."""
        raise MethodNotAllowed(str(request.method), f'Method "{request.method}" not allowed.')

    @property
    def idempotency_key(self) -> str | None:
        """The caller's key for this request; None when none was sent."""
        key: str | None = self.request.headers.get(IDEMPOTENCY_KEY_HEADER)
        return key

    def validated(self, serializer_class: type[Serializer[Any]], data: Any) -> dict[str, Any]:
        """Return the validated body. Raises `InvalidData` in Medusa's words. Call it before `validated_query`."""
        return validated(serializer_class, data, self.worded)

    def validated_query(self, serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the validated query parameters. Raises `InvalidData` in Medusa's words."""
        return validated(serializer_class, nested(self.request.query_params), self.worded)

    def worded(self, problems: list[Problem]) -> str:
        """Return the message about what is wrong with a request."""
        return in_v2_words(problems)


class PublicViewSet(PaymentsViewSet):
    """For paths that need no publishable key: one that is sent is checked; a customer's login is optional."""

    is_for_shoppers = True
    permission_classes = (PublishableKeyIfSent,)
    varies_on = ("Authorization", "Cookie", PUBLISHABLE_KEY_HEADER)

    def perform_authentication(self, request: Request) -> None:
        """A login that isn't accepted makes the caller a guest, as in Medusa."""
        with suppress(APIException):
            super().perform_authentication(request)

    @cached_property
    def logged_in_customer(self) -> Customer | None:
        """The logged-in customer, as `CUSTOMER_RESOLVER` says; None for a guest."""
        customer = resolve_customer(self.request)
        return customer and replace(customer, id=str(customer.id))

    @property
    def customer_id(self) -> str:
        """The logged-in customer's id; empty for a guest."""
        return self.logged_in_customer.id if self.logged_in_customer else ""

    @property
    def shopper(self) -> Shopper:
        """Who is calling, for services: whatever a storefront asks for, a shopper does."""
        return Shopper(customer_id=self.customer_id)


class StoreViewSet(PublicViewSet):
    """For the storefront: a publishable key is required, a customer's login is optional."""

    permission_classes = (HasPublishableKey,)


class CustomerViewSet(StoreViewSet):
    """For what is the logged-in customer's own: a publishable key and a customer's login are required."""

    permission_classes = (IsCustomer,)

    @property
    def required_customer(self) -> Customer:
        """The logged-in customer. Raises `Unauthorized` for a guest, who doesn't get this far."""
        if self.logged_in_customer is None:
            raise Unauthorized("Unauthorized")
        return self.logged_in_customer


class AdminViewSet(PaymentsViewSet):
    """For staff. `required_permissions` names the Django permission of every action."""

    authentication_setting = "ADMIN_AUTHENTICATION_CLASSES"
    throttle_setting = "ADMIN_THROTTLE_CLASSES"
    throttle_scope = "payments_admin"
    permission_classes = (IsStaffWithPermission,)
    varies_on = ("Authorization", "Cookie", V1_KEY_HEADER)
    required_permissions: ClassVar[Mapping[str, str]] = {}

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Let a page of the staff's own dashboard write with the session's cookie, without Django's CSRF token."""
        if _is_of_dashboard(request):
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return super().initialize_request(request, *args, **kwargs)

    @property
    def actor_id(self) -> str:
        """Who calls, as `created_by` records it: the id of the secret key, where one was sent, else the user's."""
        return actor_id(self.request)

    @property
    def refund_key(self) -> str | None:
        """The caller's key for a refund. Raises `InvalidData` when there is none and the shop requires one."""
        key = self.idempotency_key
        if key is None and payments_settings.REQUIRE_IDEMPOTENCY_KEY_FOR_REFUNDS:
            raise InvalidData(KEY_NEEDED)
        return key

    def permission_of_action(self) -> str | None:
        """Return the permission this request needs; None when its method has no action (405 follows)."""
        # By the method: `self.action` names one for OPTIONS, which nobody handles.
        action = self.action_map.get(str(self.request.method).lower())
        if action is not None and action not in self.required_permissions:
            raise ImproperlyConfigured(f"{type(self).__name__}.required_permissions lacks '{action}'")
        return self.required_permissions[action] if action else None


def _is_of_dashboard(request: HttpRequest) -> bool:
    """Return True if a page of one of `ADMIN_COOKIE_ORIGINS` asks: browsers say so, and no page can say otherwise."""
    origin, listed = request.headers.get("origin"), payments_settings.ADMIN_COOKIE_ORIGINS
    # Whatever the setting holds: `null` is any sandboxed page, and a mere string would be searched for parts of it.
    return origin not in {None, "", "null"} and not isinstance(listed, str) and origin in listed
