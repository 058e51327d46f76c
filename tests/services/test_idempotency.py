"""The same idempotency key is the same request: found again, resumed, never reserved anew."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db.models.functions import Now

from medusa_payments.exceptions import (
    Conflict,
    IdempotencyError,
    InvalidData,
    NotAllowed,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.services import captures, payment_sessions, payments, refund_reasons, refunds
from tests.scripted import SECOND, Script, lost, unavailable
from tests.till import Till

Moved = Callable[[str], list[int]]


@pytest.fixture
def capture(till: Till) -> Callable[..., Payment]:
    """Capture 30 of a payment under the key k1, as often as it is called."""

    def request(payment: Payment, amount: Decimal | None = Decimal(30), key: str = "k1") -> Payment:
        return captures.capture(payment_id=payment.pk, amount=amount, idempotency_key=key)

    return request


def test_a_delivered_request_is_not_carried_out_again(till: Till, moved: Moved, capture: Any) -> None:
    payment = till.authorized()

    first, second = capture(payment), capture(payment)

    assert (first.captured_amount, second.captured_amount) == (3000, 3000)
    assert moved("capture") == [3000]


def test_another_key_is_another_request(till: Till, moved: Moved, capture: Any) -> None:
    payment = till.authorized()

    capture(payment, key="k1")
    capture(payment, key="k2")

    assert moved("capture") == [3000, 3000]


def test_the_same_key_for_another_payment_or_verb_is_another_request(till: Till, moved: Moved, capture: Any) -> None:
    payment = capture(till.authorized())

    refunds.refund(payment_id=payment.pk, amount=Decimal(30), idempotency_key="k1")

    assert (moved("capture"), moved("refund")) == ([3000], [3000])


@pytest.mark.parametrize("amount", [Decimal(20), None])
def test_other_parameters_under_the_same_key_are_refused(
    till: Till, moved: Moved, capture: Any, amount: Decimal | None
) -> None:
    payment = till.authorized()
    capture(payment)

    with pytest.raises(IdempotencyError):
        capture(payment, amount)
    assert moved("capture") == [3000]


def test_a_refunds_reason_and_note_are_parameters_too(till: Till, moved: Moved) -> None:
    payment = till.captured()
    refunds.refund(payment_id=payment.pk, amount=Decimal(30), note="a", idempotency_key="k1")

    with pytest.raises(IdempotencyError):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30), note="b", idempotency_key="k1")
    assert moved("refund") == [3000]


def test_a_reason_that_was_deleted_meanwhile_does_not_change_the_answer(till: Till, moved: Moved) -> None:
    payment = till.captured()
    reason = refund_reasons.create(label="Damaged", code="damaged")
    request = {"payment_id": payment.pk, "amount": Decimal(30), "refund_reason_id": reason.pk, "idempotency_key": "k1"}
    refunds.refund(**request)
    refund_reasons.delete(refund_reason_id=reason.pk)

    assert refunds.refund(**request).refunded_amount == 3000
    assert moved("refund") == [3000]


def test_how_the_amount_is_written_is_no_difference(till: Till, moved: Moved, capture: Any) -> None:
    payment = till.authorized()

    capture(payment, Decimal("30"))
    capture(payment, Decimal("30.00"))

    assert moved("capture") == [3000]


@pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
def test_an_unknown_outcome_is_resolved_under_the_same_operation(
    till: Till, moved: Moved, capture: Any, outcome: str
) -> None:
    payment = till.authorized(on="capture", outcome=outcome)

    with pytest.raises(PaymentOutcomeUnknown):
        capture(payment)
    assert capture(payment).captured_amount == 3000

    assert moved("capture") == [3000]
    assert Operation.objects.filter(kind="capture").count() == 1


def test_a_new_key_is_a_new_intent_even_beside_an_unknown_outcome(till: Till, moved: Moved, capture: Any) -> None:
    payment = till.authorized(on="capture", outcome="timeout_after")
    with pytest.raises(PaymentOutcomeUnknown):
        capture(payment, key="k1")

    with pytest.raises(PaymentOutcomeUnknown):
        capture(payment, key="k2")

    # Reading the provider for the first one shows the second one, too.
    assert capture(payment, key="k1").captured_amount == 6000
    assert capture(payment, key="k2").captured_amount == 6000
    assert moved("capture") == [3000, 3000]


def test_a_refusal_is_the_answer_for_good(till: Till, capture: Any) -> None:
    payment = till.authorized(on="capture", outcome="declined")

    for _ in range(2):
        with pytest.raises(PaymentAuthorizationError):
            capture(payment)
    assert Operation.objects.filter(kind="capture").count() == 1


def test_an_operation_that_was_not_executed_goes_on_under_its_old_key(till: Till, capture: Any) -> None:
    payment = till.authorized(on="capture", outcome="unavailable")
    with pytest.raises(ProviderNotReachable):
        capture(payment)
    operation = Operation.objects.get(kind="capture")
    assert operation.status == "not_executed"

    with pytest.raises(ProviderNotReachable):
        capture(payment)

    again = Operation.objects.get(kind="capture")
    assert (again.pk, again.fence) == (operation.pk, 1)
    payment.refresh_from_db()
    assert (payment.captured_amount, payment.capturing_amount) == (0, 0)


def test_a_cancel_that_was_not_executed_releases_what_is_left_by_then(till: Till, script: Script) -> None:
    payment, request = till.authorized(), {"idempotency_key": "k1"}
    script["cancel"] = unavailable
    with pytest.raises(ProviderNotReachable):
        payments.cancel(payment_id=payment.pk, **request)
    captures.capture(payment_id=payment.pk, amount=Decimal(30))

    script.clear()
    canceled = payments.cancel(payment_id=payment.pk, **request)

    assert (canceled.captured_amount, canceled.released_amount, canceled.releasing_amount) == (3000, 7000, 0)


def test_while_somebody_is_at_work_the_key_waits(till: Till, moved: Moved, capture: Any, lease: Any) -> None:
    payment = till.authorized(on="capture", outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        capture(payment)
    lease(Operation.objects.get(kind="capture"))

    with pytest.raises(Conflict) as waiting:
        capture(payment)

    assert waiting.value.code == "invalid_state_error"
    assert waiting.value.retry_after
    assert moved("capture") == []


def test_a_validation_error_is_not_remembered(till: Till, moved: Moved, capture: Any) -> None:
    payment = till.authorized()

    with pytest.raises(InvalidData):
        capture(payment, Decimal(101))
    capture(payment, Decimal(30))

    assert moved("capture") == [3000]


@pytest.mark.parametrize("key", ["", "a" * 256, "with space", "ümlaut", "nul\0"])
def test_keys_that_are_none(till: Till, capture: Any, key: str) -> None:
    payment = till.authorized()

    with pytest.raises(InvalidData):
        capture(payment, key=key)
    assert not Operation.objects.filter(kind="capture").exists()


class TestSessions:
    def test_initialize_again_calls_the_provider_once(self, till: Till, moved: Moved) -> None:
        request = first_choice(till)

        first = payment_sessions.initialize(**request)
        second = payment_sessions.initialize(**request)

        assert first.pk == second.pk
        assert (moved("initiate"), moved("update")) == ([10000], [])

    def test_initialize_again_after_the_cart_has_changed_gives_the_same_answer(self, till: Till, moved: Moved) -> None:
        request = first_choice(till)
        payment_sessions.initialize(**request)
        till.set_total("80")

        assert payment_sessions.initialize(**request).amount == 10000
        assert moved("update") == []

    def test_other_data_under_the_same_key_is_refused(self, till: Till) -> None:
        request = first_choice(till)
        payment_sessions.initialize(**request)

        with pytest.raises(IdempotencyError):
            payment_sessions.initialize(**request, data={"outcome": "declined"})
        with pytest.raises(IdempotencyError):
            payment_sessions.initialize(**request | {"provider_id": "pp_system_default"})

    @pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
    def test_initialize_is_resumed(self, till: Till, moved: Moved, outcome: str) -> None:
        request = {
            "payment_collection_id": till.collection().pk,
            "provider_id": "pp_fake_fake",
            "data": {"on": "initiate", "outcome": outcome},
            "idempotency_key": "k1",
        }
        with pytest.raises(PaymentOutcomeUnknown):
            payment_sessions.initialize(**request)

        payment_sessions.initialize(**request)

        assert moved("initiate") == [10000]
        assert PaymentSession.objects.count() == 1

    def test_an_initialize_that_was_not_executed_goes_on(self, till: Till) -> None:
        request = {
            "payment_collection_id": till.collection().pk,
            "provider_id": "pp_fake_fake",
            "data": {"on": "initiate", "outcome": "unavailable"},
            "idempotency_key": "k1",
        }

        for _ in range(2):
            with pytest.raises(ProviderNotReachable):
                payment_sessions.initialize(**request)

        assert Operation.objects.count() == PaymentSession.objects.count() == 1

    def test_authorize_again_gives_the_same_refusal(self, till: Till) -> None:
        session = till.session(outcome="requires_more")
        request = {
            "payment_collection_id": session.payment_collection_id,
            "payment_session_id": session.pk,
            "idempotency_key": "k1",
        }

        for _ in range(2):
            with pytest.raises(NotAllowed):
                payment_sessions.authorize(**request)
        assert Operation.objects.filter(kind="authorize").count() == 1

    def test_an_authorize_that_was_not_executed_goes_on(self, till: Till) -> None:
        session = till.session(outcome="unavailable")
        request = {
            "payment_collection_id": session.payment_collection_id,
            "payment_session_id": session.pk,
            "idempotency_key": "k1",
        }

        for _ in range(2):
            with pytest.raises(ProviderNotReachable):
                payment_sessions.authorize(**request)
        assert Operation.objects.get(kind="authorize").fence == 1

    @pytest.mark.parametrize("verb", ["initialize", "authorize"])
    def test_what_was_not_executed_goes_on_after_a_later_choice_whose_answer_was_lost(
        self, till: Till, script: Script, verb: str
    ) -> None:
        request = {"payment_collection_id": till.collection().pk, "idempotency_key": "k1"}
        if verb == "initialize":
            repeated = partial(payment_sessions.initialize, provider_id="pp_fake_fake", **request)
        else:
            repeated = partial(payment_sessions.authorize, payment_session_id=till.session().pk, **request)
        script["initiate" if verb == "initialize" else verb] = unavailable
        with pytest.raises(ProviderNotReachable):
            repeated()
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session(SECOND)
        script.clear()

        session = repeated()

        assert (session.provider_id, session.slot) == ("pp_fake_fake", 0)
        later = Operation.objects.get(provider_id=SECOND)
        assert (later.status, later.open_slot) == ("open", None)


def first_choice(till: Till) -> dict[str, Any]:
    return {"payment_collection_id": till.collection().pk, "provider_id": "pp_fake_fake", "idempotency_key": "k1"}


@pytest.fixture
def lease() -> Callable[[Operation], None]:
    """Put somebody to work on an operation."""

    def renew(operation: Operation) -> None:
        Operation.objects.filter(pk=operation.pk).update(lease_expires_at=Now() + timedelta(minutes=1))

    return renew
