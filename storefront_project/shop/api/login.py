"""`/auth/…`: Medusa's login for the people of the admin API."""

from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import AccessToken

from medusa_payments.api.schema import operation
from medusa_payments.api.viewsets import PublicViewSet
from medusa_payments.exceptions import Unauthorized
from storefront_project.shop.api import examples
from storefront_project.shop.api.serializers import EmailpassLoginSerializer, LoginResponseSerializer


class LoginViewSet(PublicViewSet):
    def get_authenticators(self) -> list[BaseAuthentication]:
        return []

    @operation(
        operation_id="logIn",
        summary="Log in",
        description="Returns a token for the admin API, or 401 when email and password aren't those of staff.",
        tags=["Demo shop"],
        request=EmailpassLoginSerializer,
        request_example=examples.LOGIN,
        response=LoginResponseSerializer,
        response_example=examples.TOKEN,
    )
    def create(self, request: Request) -> Response:
        body = self.validated(EmailpassLoginSerializer, request.data)
        user = authenticate(request._request, username=body["email"], password=body["password"])
        if user is None or not getattr(user, "is_staff", False):
            raise Unauthorized("Invalid email or password")
        return Response({"token": _token(user)})


def _token(user: AbstractBaseUser) -> str:
    token = AccessToken.for_user(user)
    token["actor_id"] = str(user.pk)
    token["actor_type"] = "user"
    return str(token)
