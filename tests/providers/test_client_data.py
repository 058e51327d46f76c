"""Card data is refused before any provider, or any table, sees it."""

from typing import Any

import pytest

from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.registry import providers

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize("provider_id", ["pp_system_default", "pp_fake_fake"])
@pytest.mark.parametrize(
    "data",
    [{"note": "4242 4242 4242 4242"}, {"4242424242424242": 1}, {"card": {"cvc": "987"}}, {"note": "sk_live_51Abcdef"}],
)
def test_no_provider_takes_card_data(provider_id: str, data: dict[str, Any]) -> None:
    with pytest.raises(ProviderRejected) as refused:
        providers[provider_id].clean_client_data(data)
    assert refused.value.code == "sensitive_data"
    for secret in ("4242", "987", "sk_live"):
        assert secret not in refused.value.message
