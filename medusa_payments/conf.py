"""The one settings object, read lazily from Django's `MEDUSA_PAYMENTS`."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

SETTING_NAME = "MEDUSA_PAYMENTS"

DEFAULTS: dict[str, Any] = {
    "PROVIDERS": {"pp_system_default": {"BACKEND": "medusa_payments.providers.system.SystemProvider"}},
    "CART_RESOLVER": None,
    "ORDER_RESOLVER": None,
    "CUSTOMER_RESOLVER": "medusa_payments.customers.customer_of_user",
    "REGION_PROVIDERS": None,
    "ADMIN_AUTHENTICATION_CLASSES": None,
    "ADMIN_COOKIE_ORIGINS": (),
    "STORE_AUTHENTICATION_CLASSES": None,
    "STORE_THROTTLE_CLASSES": (),
    "ADMIN_THROTTLE_CLASSES": (),
    "HOOKS_THROTTLE_CLASSES": (),
    "MAX_PROVIDER_OBJECTS_PER_COLLECTION": 20,
    "MAX_FAILED_AUTHORIZATIONS_PER_HOUR": 10,
    "MAX_PROVIDER_CALLS": 8,
    "RETURN_URL_ORIGINS": None,
    "POSSIBLE_REPEAT_SECONDS": 10 * 60,
    "REQUIRE_IDEMPOTENCY_KEY_FOR_REFUNDS": False,
    "ON_FAILURE": "hold",
    "SPLIT_ON_FAILURE": "refund",
    "SPLIT_RESOLVE_SECONDS": 60 * 60,
    "EXPIRY_WARNING_SECONDS": 24 * 60 * 60,
    "EVIDENCE_WARNING_SECONDS": 3 * 24 * 60 * 60,
    "POLL_SESSIONS_AFTER_SECONDS": 15 * 60,
    "EVENT_ATTEMPTS": 20,
    "RETENTION_DAYS": 90,
    "WEBHOOK_MAX_BYTES": 256 * 1024,
}


class PaymentsSettings:
    """Attribute access to `MEDUSA_PAYMENTS`, defaults filled in.

    Nothing is read at import and nothing is kept, so values follow the setting when tests override it, in any thread.
    Unknown keys are reported by the system check `medusa_payments.E001`, not here.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"{SETTING_NAME} has no key {name}")
        return getattr(settings, SETTING_NAME, {}).get(name, DEFAULTS[name])

    def hook(self, name: str) -> Any:
        """Return what a setting holds; where that is a dotted path, the object it names.

        Raises `ImportError` for a path that can't be imported.
        """
        value = getattr(self, name)
        return import_string(value) if isinstance(value, str) else value


payments_settings = PaymentsSettings()
