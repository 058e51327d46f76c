"""`/auth/…`: Medusa's logins for staff ("user") and customers, with a token or with a session cookie."""

from typing import Any

from django.contrib.auth import authenticate, get_user, login, logout
from django.contrib.auth.models import User
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework_simplejwt.tokens import AccessToken

from medusa_payments.api.viewsets import PublicViewSet
from medusa_payments.api.wire.fields import StrictSerializer, StringField
from medusa_payments.exceptions import Unauthorized
from storefront_project.shop import customers
from storefront_project.shop.api.bearer import BearerAuthentication
from storefront_project.shop.api.fields import EmailField
from storefront_project.shop.api.schema import Field, document, example, shop_operation
from storefront_project.shop.api.serializers import EmptySerializer
from storefront_project.shop.api.throttles import LOGIN_THROTTLES


@example({"email": "admin@example.com", "password": "admin"})
class EmailpassLoginSerializer(StrictSerializer):
    email = StringField()
    password = StringField()


@example({"email": "customer@example.com", "password": "customer"})
class CustomerLoginSerializer(EmailpassLoginSerializer):
    """Email and password."""


@example({"email": "ada@example.com", "password": "a secret"})
class CustomerRegistrationSerializer(StrictSerializer):
    email = EmailField(max_length=150, allow_blank=False)
    password = StringField(allow_blank=False, max_length=128)


actor: dict[str, Field] = {
    "actor_id": serializers.CharField(),
    "actor_type": serializers.CharField(help_text="`user` or `customer`."),
}
token_document = document(
    "LoginResponse",
    {"token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhY3Rvcl90eXBlIjoidXNlciJ9.c2lnbmF0dXJl"},
    token=serializers.CharField(help_text="A JWT, valid for a day: `Authorization: Bearer …`."),
)
actor_document = document(
    "ActorResponse",
    {"user": {"actor_id": "1", "actor_type": "user"}},
    user=inline_serializer("Actor", actor),
)
logout_document = document("LogoutResponse", {"success": True}, success=serializers.BooleanField())


class AuthViewSet(PublicViewSet):
    def get_authenticators(self) -> list[BaseAuthentication]:
        return [BearerAuthentication()]

    def get_permissions(self) -> list[Any]:
        return []

    def get_throttles(self) -> list[BaseThrottle]:
        is_login = getattr(self, "action", None) in {"user", "customer", "register"}
        return [throttle() for throttle in LOGIN_THROTTLES] if is_login else super().get_throttles()

    @shop_operation("logIn", parameters=(), request=EmailpassLoginSerializer, response=token_document)
    @action(detail=False, methods=["post"], url_path="user/emailpass")
    def user(self, request: Request) -> Response:
        """Log in.

        Returns a token for the admin API, or 401 when email and password aren't those of staff.
        """
        return Response({"token": self._log_in(request, actor_type="user", is_staff=True)})

    @shop_operation("logInCustomer", parameters=(), request=CustomerLoginSerializer, response=token_document)
    @action(detail=False, methods=["post"], url_path="customer/emailpass")
    def customer(self, request: Request) -> Response:
        """Log in as a customer.

        Returns a token for the store API, where a login is optional.
        """
        return Response({"token": self._log_in(request, actor_type="customer", is_staff=False)})

    @shop_operation("registerCustomer", parameters=(), request=CustomerRegistrationSerializer, response=token_document)
    @action(detail=False, methods=["post"], url_path="customer/emailpass/register")
    def register(self, request: Request) -> Response:
        """Register as a customer.

        Makes a customer who can log in, and returns a token as the login does; or 401 when somebody has that email.
        """
        customer = customers.register(**self.validated(CustomerRegistrationSerializer, request.data))
        return Response({"token": _token(customer, "customer")})

    @shop_operation("refreshToken", parameters=(), request=EmptySerializer, response=token_document)
    @action(detail=False, methods=["post"], url_path="token/refresh")
    def refresh(self, request: Request) -> Response:
        """Refresh a token.

        Returns a new token for the owner of the one that is sent as `Authorization: Bearer`.
        """
        self.validated(EmptySerializer, request.data)
        user, claims = _authenticated(request)
        return Response({"token": _token(user, claims["actor_type"])})

    @shop_operation("createSession", parameters=(), request=EmptySerializer, response=actor_document)
    @action(detail=False, methods=["post"])
    def session(self, request: Request) -> Response:
        """Exchange a token for a session cookie.

        Makes a session for the owner of the token that is sent as `Authorization: Bearer`.
        """
        self.validated(EmptySerializer, request.data)
        user, claims = _authenticated(request)
        login(request._request, user)
        return Response({"user": {"actor_id": claims["actor_id"], "actor_type": claims["actor_type"]}})

    @shop_operation("deleteSession", parameters=(), response=logout_document)
    @session.mapping.delete
    def end_session(self, request: Request) -> Response:
        """Log out.

        Ends the session of the cookie.
        """
        if not get_user(request._request).is_authenticated:
            raise NotAuthenticated
        logout(request._request)
        return Response({"success": True})

    def _log_in(self, request: Request, *, actor_type: str, is_staff: bool) -> str:
        body = self.validated(EmailpassLoginSerializer, request.data)
        user = authenticate(request._request, username=body["email"], password=body["password"])
        if not isinstance(user, User) or user.is_staff is not is_staff:
            raise Unauthorized("Invalid email or password")
        return _token(user, actor_type)


def _token(user: User, actor_type: str) -> str:
    token = AccessToken.for_user(user)
    token["actor_id"] = str(user.pk)
    token["actor_type"] = actor_type
    return str(token)


def _authenticated(request: Request) -> tuple[User, Any]:
    """Return the owner of the request's token and what the token says.

    Raises `NotAuthenticated` when there is no token, or one that isn't accepted or isn't of this shop's making.
    """
    claims: Any = request.auth
    if not isinstance(request.user, User) or not claims or "actor_id" not in claims:
        raise NotAuthenticated
    return request.user, claims
