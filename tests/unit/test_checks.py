"""System checks name the mistake and what was meant."""

from typing import Any

import pytest
from django.core import checks


def findings(check_id: str) -> list[tuple[str, str | None, int]]:
    found = checks.run_checks(tags=["medusa_payments"])
    return [(message.msg, message.hint, message.level) for message in found if message.id == check_id]


def test_the_test_host_is_configured_well() -> None:
    assert checks.run_checks(tags=["medusa_payments"]) == []


def test_a_misspelt_key_is_named_with_a_suggestion(settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {"CART_RESOLVR": "shop.resolve_cart"}

    assert findings("medusa_payments.E001") == [
        ("MEDUSA_PAYMENTS has an unknown key 'CART_RESOLVR'.", "Did you mean 'CART_RESOLVER'?", checks.ERROR)
    ]


def test_a_key_like_no_other_gets_the_known_ones(settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {"X": 1}

    [(message, hint, _)] = findings("medusa_payments.E001")

    assert message == "MEDUSA_PAYMENTS has an unknown key 'X'."
    assert hint is not None
    assert hint.startswith("Known keys: ")
    assert "CART_RESOLVER" in hint


@pytest.mark.parametrize("value", [{}, {"PROVIDERS": {}}])
def test_known_keys_are_fine(settings: Any, value: dict[str, Any]) -> None:
    settings.MEDUSA_PAYMENTS = value

    assert findings("medusa_payments.E001") == []


def test_every_unknown_key_is_named(settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {"B": 1, "A": 1}

    assert [message for message, _, _ in findings("medusa_payments.E001")] == [
        "MEDUSA_PAYMENTS has an unknown key 'A'.",
        "MEDUSA_PAYMENTS has an unknown key 'B'.",
    ]
