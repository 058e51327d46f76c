"""Settings of the demo shop.

`DATABASE_URL`, `SECRET_KEY` and `DEBUG` (1 or 0) come from the environment; so do `STRIPE_API_KEY`,
`STRIPE_PUBLISHABLE_KEY` and `STRIPE_WEBHOOK_SECRET` where the demo is to pay with Stripe itself.

`DEBUG=1` makes it a demo: with passwords and keys that everybody knows, the fake provider and its ledger, and Stripe's
twin. Without, it is a shop that has none of them, and needs a `SECRET_KEY`.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from medusa_payments.providers.stripe.configuration import stripe_providers

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

DEBUG = IS_DEMO = os.environ.get("DEBUG") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "")
if not SECRET_KEY:
    if not IS_DEMO:
        raise ImproperlyConfigured("Set DEBUG=1 to try the demo on your own machine, or else a SECRET_KEY.")
    SECRET_KEY = "demo-only-secret-key-that-signs-nothing-of-any-worth-anywhere"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "storefront_project.urls"
WSGI_APPLICATION = "storefront_project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
USE_TZ = True
TIME_ZONE = "UTC"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "medusa_payments",
    "storefront_project.shop",
    "storefront_project.orders",
    "storefront_project.checkout",
]

MIDDLEWARE = [
    "storefront_project.head.headers_alone",
    "django.middleware.security.SecurityMiddleware",
    "storefront_project.cors.EmptyPreflightMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "storefront_project" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    default = f"sqlite:///{VAR_DIR / 'demo.sqlite3'}"
    # A thread keeps its connection between requests: making one costs more than most requests do.
    database: dict[str, Any] = {**dj_database_url.config(default=default, conn_max_age=60, conn_health_checks=True)}
    if database["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE takes the write lock when a transaction begins: competing money verbs queue, none fails.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    return database


DATABASES = {"default": _database()}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "storefront_project.shop.api.bearer.BearerAuthentication",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    # Who guesses passwords is kept from trying more; `shop/throttles.py`.
    "DEFAULT_THROTTLE_RATES": {"login_address": "60/min", "login_name": "10/min"},
}
# A new password ends the tokens that were given out before.
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1), "CHECK_REVOKE_TOKEN": True}

CORS_ALLOWED_ORIGIN_REGEXES = [r"^https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$"]
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = (*default_headers, "x-publishable-api-key", "x-medusa-locale", "idempotency-key")
CORS_EXPOSE_HEADERS = ["retry-after"]

SPECTACULAR_SETTINGS = {
    "TITLE": "Medusa payments for Django: demo shop",
    "DESCRIPTION": (
        "Payment collections, sessions, captures and refunds in the shapes of Medusa 2.21.2 (store, admin) "
        "and 1.20.11 (v1), together with the small shop that hosts them."
    ),
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "Store: payment collections", "description": "What a storefront calls to have a cart paid."},
        {"name": "Store: payment providers", "description": "What a region's carts can be paid with."},
        {"name": "Store: saved payment methods", "description": "What logged-in customers can pay with again."},
        {"name": "Admin: payments", "description": "What staff call to capture, refund and cancel."},
        {"name": "Admin: payment collections", "description": "Asking for money for an order; paid by other means."},
        {"name": "Admin: refund reasons", "description": "The reasons that staff choose from."},
        {"name": "Hooks", "description": "What payment providers call."},
        {"name": "v1: payment collections", "description": "What a storefront calls, in the shapes of Medusa 1.20.11."},
        {"name": "v1: payment collections of the staff", "description": "What staff call, in the same shapes."},
        {"name": "v1: payments", "description": "Staff read, capture and refund, in the same shapes."},
        {"name": "Demo shop", "description": "Catalogue, carts and login of the demo; not part of the package."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# With keys of Stripe's the shop pays with Stripe itself; without, the demo has a twin that needs no account and no
# network. Shop, worker and browser see the same twin.
STRIPE_TWIN_PATH = str(VAR_DIR / "stripe-twin.sqlite3")
STRIPE_JS, STRIPE_OPTIONS = "", None
if "STRIPE_API_KEY" in os.environ:
    STRIPE_JS = "https://js.stripe.com/endive/stripe.js"
    STRIPE_OPTIONS = {
        "api_key": os.environ["STRIPE_API_KEY"],
        "publishable_key": os.environ["STRIPE_PUBLISHABLE_KEY"],
        "webhook_secret": os.environ["STRIPE_WEBHOOK_SECRET"],
    }
elif IS_DEMO:
    STRIPE_JS = "/stripe-twin/stripe.js"
    STRIPE_OPTIONS = {
        "api_key": "sk_test_twin",
        "publishable_key": "pk_test_twin",
        "webhook_secret": "whsec_twin",
        "http_client": "medusa_payments.testing.stripe_twin.configured.http_client",
    }

STRIPE_SERVICES = ["stripe", "stripe-ideal", "stripe-sepa-debit"]
FAKE_PROVIDER = {
    "pp_fake_fake": {
        "BACKEND": "medusa_payments.testing.fake_provider.FakeProvider",
        "OPTIONS": {"ledger_path": str(VAR_DIR / "fake-provider.sqlite3"), "webhook_secrets": ["whsec_demo"]},
    }
}

MEDUSA_PAYMENTS = {
    "PROVIDERS": {
        "pp_system_default": {"BACKEND": "medusa_payments.providers.system.SystemProvider"},
        **(FAKE_PROVIDER if IS_DEMO else {}),
        **(stripe_providers(STRIPE_OPTIONS, services=STRIPE_SERVICES) if STRIPE_OPTIONS else {}),
    },
    "CART_RESOLVER": "storefront_project.shop.payments.resolve_cart",
    "ORDER_RESOLVER": "storefront_project.orders.orders.resolve_order",
    # The demo runs on this machine, on any port.
    "RETURN_URL_ORIGINS": ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"],
    "REGION_PROVIDERS": "storefront_project.shop.payments.region_providers",
    "ADMIN_AUTHENTICATION_CLASSES": [
        "medusa_payments.api.authentication.SecretKeyAuthentication",
        *REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"],
    ],
}

# What the checkout page is told; it asks the API for everything else.
CHECKOUT = {"publishable_key": "pk_demo" if IS_DEMO else os.environ.get("PUBLISHABLE_KEY", ""), "stripe_js": STRIPE_JS}

# The demo's customers pay with the fake provider, on purpose.
SILENCED_SYSTEM_CHECKS = ["medusa_payments.W007"] if IS_DEMO else []
