"""The twin that a Django project configures: the setting `STRIPE_TWIN_PATH` names its file.

`"http_client": "medusa_payments.testing.stripe_twin.configured.http_client"` among a Stripe provider's options
connects the provider to it without a socket.
"""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from medusa_payments.testing.stripe_twin.http_client import TwinHTTPClient
from medusa_payments.testing.stripe_twin.twin import BASE_URL, StripeTwin


def configured_twin(base_url: str | None = None) -> StripeTwin:
    """Return the project's twin. Browsers find it at `base_url`, or else at the setting `STRIPE_TWIN_URL`.

    Raises `ImproperlyConfigured` without the setting that names its file.
    """
    path = getattr(settings, "STRIPE_TWIN_PATH", None)
    if not path:
        raise ImproperlyConfigured("STRIPE_TWIN_PATH must name the file of the Stripe twin.")
    return _opened(str(path), base_url or getattr(settings, "STRIPE_TWIN_URL", BASE_URL))


def http_client() -> TwinHTTPClient:
    """Return a transport for the `stripe` library that ends at the project's twin."""
    return configured_twin().http_client()


@cache
def _opened(path: str, base_url: str) -> StripeTwin:
    return StripeTwin(path, base_url=base_url)
