"""Logins by `Authorization: Bearer`."""

from rest_framework_simplejwt.authentication import JWTAuthentication


class BearerAuthentication(JWTAuthentication):
    """Takes the scheme in any letter case, as HTTP says of schemes and as Medusa does."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return the token of the header; None where it has another scheme. Raises `AuthenticationFailed`."""
        scheme, *credentials = header.split(maxsplit=1) or [b""]
        return super().get_raw_token(b" ".join([scheme.capitalize(), *credentials]))
