"""The system provider says yes to everything and moves nothing."""

import pytest

from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.system import SystemProvider
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CancelResult,
    CaptureRequest,
    CaptureResult,
    InitiateRequest,
    RefundRequest,
    RefundResult,
    SessionResult,
    UpdateRequest,
)
from medusa_payments.states import SessionStatus

PRICE = Money(minor_units=10_000, currency_code="eur")
PART = Money(minor_units=1, currency_code="eur")
FREE = Money(minor_units=0, currency_code="eur")


@pytest.fixture
def system() -> SystemProvider:
    return SystemProvider("pp_system_default", {})


@pytest.mark.parametrize("money", [PRICE, FREE], ids=str)
def test_session_verbs_answer_with_the_session_itself(system: SystemProvider, money: Money) -> None:
    ids = {"idempotency_key": "payop_1", "session_id": "payses_1", "payment_collection_id": "pay_col_1"}

    initiated = system.initiate(InitiateRequest(**ids, money=money, data={}))
    updated = system.update(UpdateRequest(**ids, provider_ref="payses_1", money=money, data={}))
    authorized = system.authorize(AuthorizeRequest(**ids, provider_ref="payses_1", money=money))

    assert initiated == updated
    assert initiated == SessionResult(provider_ref="payses_1", status=SessionStatus.PENDING, money=money)
    assert authorized == SessionResult(provider_ref="payses_1", status=SessionStatus.AUTHORIZED, money=money)


def test_money_verbs_do_exactly_what_is_asked(system: SystemProvider) -> None:
    ids = {"idempotency_key": "payop_1", "session_id": "payses_1", "provider_ref": "payses_1"}

    assert system.capture(CaptureRequest(**ids, payment_id="pay_1", money=PART)) == CaptureResult(money=PART)
    assert system.refund(RefundRequest(**ids, payment_id="pay_1", money=PART)) == RefundResult(money=PART)
    assert system.cancel(CancelRequest(**ids)) == CancelResult()


def test_is_local_and_takes_an_amount_of_zero(system: SystemProvider) -> None:
    assert system.capabilities.is_local
    assert system.capabilities.supports_zero_amount
    assert system.account == "system"
    assert system.amount_step("kwd") == 1


def test_takes_any_data_but_what_the_server_decides(system: SystemProvider) -> None:
    assert system.clean_client_data({"note": "by invoice"}) == {"note": "by invoice"}
    with pytest.raises(ProviderRejected, match=r"doesn't accept these data keys: 'amount, metadata'$"):
        system.clean_client_data({"note": "", "metadata": {}, "amount": 1})
