"""Who may call: storefronts with a publishable key, customers, staff with the permission of the verb."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from medusa_payments.api.authentication import is_logged_in
from medusa_payments.api.wire.exceptions import KeyRefused
from medusa_payments.exceptions import Forbidden
from medusa_payments.services import publishable_keys

if TYPE_CHECKING:
    from rest_framework.views import APIView

PUBLISHABLE_KEY_HEADER = "x-publishable-api-key"
KEY_MISSING = (
    f"Publishable API key required in the request header: {PUBLISHABLE_KEY_HEADER}. "
    "You can manage your keys in settings in the dashboard."
)
KEY_INVALID = "A valid publishable key is required to proceed with the request"


class PublishableKeyIfSent(BasePermission):
    """Lets a request without a publishable key pass. Raises `KeyRefused` for an unknown or revoked one."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        token = request.headers.get(PUBLISHABLE_KEY_HEADER)
        if token and not publishable_keys.is_valid(token):
            raise KeyRefused(KEY_INVALID)
        return True


class HasPublishableKey(PublishableKeyIfSent):
    """Raises `KeyRefused` for a missing, empty, unknown or revoked publishable key."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.headers.get(PUBLISHABLE_KEY_HEADER):
            raise KeyRefused(KEY_MISSING)
        return super().has_permission(request, view)


class IsCustomer(HasPublishableKey):
    """Also raises `NotAuthenticated` for anyone but a logged-in customer, whom `CUSTOMER_RESOLVER` names."""

    def has_permission(self, request: Request, view: Any) -> bool:
        may_ask = super().has_permission(request, view)
        if not view.customer_id:
            raise NotAuthenticated
        return may_ask


class IsStaffWithPermission(BasePermission):
    """Raises `NotAuthenticated` for anyone but staff, `Forbidden` for staff without the permission of the action."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not (is_logged_in(request) and getattr(request.user, "is_staff", False)):
            raise NotAuthenticated
        needed = view.permission_of_action()
        if needed and not request.user.has_perm(needed):
            raise Forbidden(f"The permission '{needed}' is required")
        return True
