"""What may leave the server of a provider's own data."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.exceptions import InvalidData
from medusa_payments.providers.registry import providers


def public_keys(provider_id: str, provider_data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that the provider declares public; none for a provider that isn't configured any more, or not
    well: what was paid with others can still be read.
    """
    try:
        public = providers[provider_id].public_data_keys
    except (InvalidData, ImproperlyConfigured):
        return {}
    return {key: value for key, value in provider_data.items() if key in public}
