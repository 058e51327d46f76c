"""Cancel, collections for orders, deletion, mark as paid, refund reasons and publishable keys."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from medusa_payments.exceptions import (
    Conflict,
    DuplicateError,
    IdempotencyError,
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    PaymentsError,
)
from medusa_payments.models import Capture, Operation, Payment, PaymentCollection, PaymentSession, RefundReason
from medusa_payments.money import Money
from medusa_payments.orders import OrderSnapshot
from medusa_payments.providers.types import CancelResult
from medusa_payments.services import (
    captures,
    payment_collections,
    payment_sessions,
    payments,
    publishable_keys,
    refund_reasons,
    refunds,
)
from tests.scripted import Script
from tests.till import Till

Moved = Callable[[str], list[int]]


class TestCancel:
    def test_releases_everything_and_the_cart_can_be_paid_again(self, till: Till, moved: Moved) -> None:
        payment = payments.cancel(payment_id=till.authorized().pk, created_by="anna")

        assert (payment.released_amount, payment.releasing_amount, payment.authorized_amount) == (10000, 0, 0)
        assert payment.canceled_at is not None
        assert payment.payment_session.status == "canceled"
        assert (payment.payment_collection.status, payment.payment_collection.authorized_amount) == ("not_paid", 0)
        assert moved("cancel") == [10000]
        assert till.authorized().pk != payment.pk

    def test_after_a_part_was_captured_only_the_rest_is_released(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(40))

        payment = payments.cancel(payment_id=payment.pk)

        assert (payment.captured_amount, payment.released_amount, payment.canceled_at) == (4000, 6000, None)
        assert payment.captured_at is not None
        assert moved("cancel") == [6000]
        with pytest.raises(InvalidData):
            captures.capture(payment_id=payment.pk, amount=Decimal(1))
        assert refunds.refund(payment_id=payment.pk).refunded_amount == 4000

    def test_cancel_again_changes_nothing(self, till: Till, moved: Moved) -> None:
        payment = payments.cancel(payment_id=till.authorized().pk)
        payments.cancel(payment_id=payment.pk)

        assert moved("cancel") == [10000]

    def test_what_was_released_in_part_can_be_canceled_still(self, till: Till, script: Script) -> None:
        payment = till.authorized()
        script["cancel"] = lambda *_: CancelResult(released=Money(minor_units=3000, currency_code="eur"))
        payments.cancel(payment_id=payment.pk)
        script.clear()

        payments.cancel(payment_id=payment.pk)

        assert [cancel.amount for cancel in Operation.objects.filter(kind="cancel").order_by("id")] == [10000, 7000]
        payment.refresh_from_db()
        assert payment.capturable_amount == 0

    def test_cancel_is_refused_when_all_is_captured(self, till: Till, moved: Moved) -> None:
        with pytest.raises(InvalidData, match="Refund it instead"):
            payments.cancel(payment_id=till.captured().pk)
        assert moved("cancel") == []

    def test_a_canceled_payment_cannot_be_captured(self, till: Till) -> None:
        payment = payments.cancel(payment_id=till.authorized().pk)

        with pytest.raises(InvalidData, match=f"The payment: {payment.pk} has been canceled."):
            captures.capture(payment_id=payment.pk)

    @pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
    def test_cancel_is_retried_after_a_lost_answer(self, till: Till, moved: Moved, outcome: str) -> None:
        payment = till.authorized(on="cancel", outcome=outcome)
        with pytest.raises(PaymentOutcomeUnknown):
            payments.cancel(payment_id=payment.pk)
        with pytest.raises(Conflict):
            captures.capture(payment_id=payment.pk)

        assert payments.cancel(payment_id=payment.pk).canceled_at is not None
        assert moved("cancel") == [10000]

    def test_a_refusal_keeps_the_money_held(self, till: Till) -> None:
        payment = till.authorized(on="cancel", outcome="declined")

        with pytest.raises(PaymentAuthorizationError):
            payments.cancel(payment_id=payment.pk)

        payment.refresh_from_db()
        assert (payment.releasing_amount, payment.capturable_amount) == (0, 10000)

    def test_cancel_of_an_unknown_payment_is_not_found(self, till: Till) -> None:
        with pytest.raises(NotFound):
            payments.cancel(payment_id="pay_x")

    @pytest.mark.race
    @pytest.mark.django_db(transaction=True)
    def test_against_captures_money_is_captured_or_released(self, till: Till, moved: Moved) -> None:
        payment = till.authorized(on="capture", delay_ms=20)
        verbs = [lambda: captures.capture(payment_id=payment.pk), lambda: payments.cancel(payment_id=payment.pk)] * 6

        in_threads(verbs)

        payment.refresh_from_db()
        assert {payment.captured_amount, payment.released_amount} == {0, 10000}
        assert (sum(moved("capture")), sum(moved("cancel"))) == (payment.captured_amount, payment.released_amount)


@pytest.fixture
def order(settings: Any, till: Till) -> str:
    orders = {"order_1": OrderSnapshot(currency_code="EUR", email="anna@example.com")}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"ORDER_RESOLVER": lambda order_id, _: orders.get(order_id)}
    return "order_1"


class TestCollectionsForOrders:
    def test_take_the_amount_that_is_asked(self, order: str) -> None:
        collection = payment_collections.create_for_order(order_id=order, amount=Decimal("25.5"), created_by="anna")

        assert (collection.amount, collection.currency_code, collection.order_id) == (2550, "eur", order)
        assert collection.events.get().actor == "anna"

    def test_the_same_key_gets_the_same_collection(self, order: str) -> None:
        request = {"order_id": order, "amount": Decimal("25.5")}
        first, second = (payment_collections.create_for_order(**request, idempotency_key="k1") for _ in range(2))

        assert first.pk == second.pk
        assert first.events.count() == 1
        assert payment_collections.create_for_order(**request, idempotency_key="k2").pk != first.pk
        assert payment_collections.create_for_order(**request).pk != payment_collections.create_for_order(**request).pk
        with pytest.raises(IdempotencyError):
            payment_collections.create_for_order(order_id=order, amount=Decimal(26), idempotency_key="k1")

    @pytest.mark.race
    @pytest.mark.django_db(transaction=True)
    def test_ten_at_once_under_one_key_make_one(self, order: str) -> None:
        request = {"order_id": order, "amount": Decimal(25), "idempotency_key": "k1"}

        in_threads([lambda: payment_collections.create_for_order(**request)] * 10)

        assert PaymentCollection.objects.get().event_count == 1

    def test_a_collection_for_an_unknown_order_is_not_found(self, order: str) -> None:
        with pytest.raises(NotFound, match="Order id not found: order_x"):
            payment_collections.create_for_order(order_id="order_x", amount=Decimal(1))

    @pytest.mark.parametrize("amount", ["-1", "0.001"])
    def test_a_collection_for_an_order_refuses_amounts_that_are_none(self, order: str, amount: str) -> None:
        with pytest.raises(InvalidData):
            payment_collections.create_for_order(order_id=order, amount=Decimal(amount))
        assert not PaymentCollection.objects.exists()


class TestDelete:
    def test_gives_the_session_up_and_the_cart_gets_a_new_collection(self, till: Till, moved: Moved) -> None:
        session = till.session()
        payment_collections.delete(payment_collection_id=session.payment_collection_id, created_by="anna")

        deleted = PaymentCollection.objects.get(pk=session.payment_collection_id)
        assert deleted.deleted_at is not None
        assert deleted.events.last().name in {"payment_session.canceled", "payment_collection.deleted"}
        session.refresh_from_db()
        assert (session.slot, session.status) == (None, "canceled")
        assert len(moved("cancel")) == 1
        assert till.collection().pk != deleted.pk

    def test_deleting_a_collection_again_is_not_found(self, till: Till) -> None:
        collection = till.collection()
        payment_collections.delete(payment_collection_id=collection.pk)

        with pytest.raises(NotFound, match=f"PaymentCollection id not found: {collection.pk}"):
            payment_collections.delete(payment_collection_id=collection.pk)

    def test_a_collection_that_holds_money_is_not_deleted(self, till: Till) -> None:
        payment = till.authorized()

        with pytest.raises(NotAllowed, match="Can only delete payment collections where status is not_paid"):
            payment_collections.delete(payment_collection_id=payment.payment_collection_id)

    def test_a_collection_with_an_unknown_authorization_is_not_deleted(self, till: Till) -> None:
        session = till.session(outcome="timeout_after")
        request = {"payment_collection_id": session.payment_collection_id}
        with pytest.raises(PaymentOutcomeUnknown):
            payment_sessions.authorize(**request, payment_session_id=session.pk)

        with pytest.raises(NotAllowed):
            payment_collections.delete(**request)


class TestMarkAsPaid:
    def test_mark_as_paid_captures_the_whole_amount(self, order: str) -> None:
        collection = payment_collections.create_for_order(order_id=order, amount=Decimal(25))

        paid = payment_collections.mark_as_paid(payment_collection_id=collection.pk, created_by="anna")

        assert (paid.status, paid.captured_amount) == ("completed", 2500)
        assert Capture.objects.get().created_by == "anna"

    def test_mark_as_paid_is_possible_only_once(self, order: str) -> None:
        collection = payment_collections.create_for_order(order_id=order, amount=Decimal(25))
        payment_collections.mark_as_paid(payment_collection_id=collection.pk)

        with pytest.raises(NotAllowed, match="Can only mark 'not_paid' payment collection as paid"):
            payment_collections.mark_as_paid(payment_collection_id=collection.pk)

    def test_mark_as_paid_with_an_amount_of_zero_completes_the_collection(self, order: str) -> None:
        collection = payment_collections.create_for_order(order_id=order, amount=Decimal(0))

        assert payment_collections.mark_as_paid(payment_collection_id=collection.pk).status == "completed"

    @pytest.mark.parametrize("verb", ["initiate", "authorize", "capture"])
    def test_goes_on_where_it_stopped_under_the_same_key(self, till: Till, moved: Moved, verb: str, order: str) -> None:
        collection = payment_collections.create_for_order(order_id=order, amount=Decimal(25))
        steer(collection, verb)
        request = {
            "payment_collection_id": collection.pk,
            "provider_id": "pp_fake_fake",
            "idempotency_key": "k1",
        }

        paid = payment_collections.mark_as_paid(**request)
        again = payment_collections.mark_as_paid(**request)

        assert (paid.captured_amount, again.captured_amount) == (2500, 2500)
        assert (moved("initiate"), moved("authorize"), moved("capture")) == ([2500], [2500], [2500])

    @pytest.mark.race
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("provider_id", ["pp_system_default", "pp_fake_fake"])
    def test_ten_mark_as_paid_at_once_capture_once(self, order: str, moved: Moved, provider_id: str) -> None:
        collection = payment_collections.create_for_order(order_id=order, amount=Decimal(25))
        request = {"payment_collection_id": collection.pk, "provider_id": provider_id}

        in_threads([lambda: payment_collections.mark_as_paid(**request)] * 10)

        assert Payment.objects.get().captured_amount == 2500
        assert Capture.objects.count() == 1
        assert sum(moved("capture")) == (2500 if provider_id == "pp_fake_fake" else 0)
        assert PaymentSession.objects.filter(slot=0).count() == 1


class TestRefundReasons:
    def test_one_live_reason_per_code(self, db: None) -> None:
        first = refund_reasons.create(label="Damaged", code="damaged")
        with pytest.raises(DuplicateError):
            refund_reasons.create(label="Damaged again", code="damaged")
        refund_reasons.delete(refund_reason_id=first.pk)
        second = refund_reasons.create(label="Damaged", code="damaged")

        assert RefundReason.objects.get(live_code="damaged").pk == second.pk

    def test_a_refund_reason_is_updated(self, db: None) -> None:
        refund_reasons.create(label="A", code="a")
        reason = refund_reasons.create(label="B", code="b", description="why")

        changed = refund_reasons.update(refund_reason_id=reason.pk, label="C", code="c", description=None)
        assert (changed.label, changed.code, changed.live_code, changed.description) == ("C", "c", "c", None)
        with pytest.raises(DuplicateError):
            refund_reasons.update(refund_reason_id=reason.pk, code="a")

    def test_an_unknown_or_deleted_refund_reason_is_not_found(self, db: None) -> None:
        reason = refund_reasons.create(label="A", code="a")
        refund_reasons.delete(refund_reason_id=reason.pk)

        for reason_id in (reason.pk, "refr_x"):
            with pytest.raises(NotFound):
                refund_reasons.delete(refund_reason_id=reason_id)
            with pytest.raises(NotFound):
                refund_reasons.update(refund_reason_id=reason_id, label="B")

    def test_the_usual_refund_reasons_are_created_once(self, db: None) -> None:
        assert len(refund_reasons.create_usual()) == 3
        assert refund_reasons.create_usual() == []


class TestPublishableKeys:
    def test_a_publishable_key_is_rotated(self, db: None) -> None:
        old = publishable_keys.create(title="Storefront")
        new = publishable_keys.rotate(publishable_key_id=old.pk)

        assert (publishable_keys.is_valid(old.token), publishable_keys.is_valid(new.token)) == (False, True)
        assert new.title == "Storefront"
        with pytest.raises(NotAllowed):
            publishable_keys.rotate(publishable_key_id=old.pk)

    def test_a_publishable_key_is_revoked(self, db: None) -> None:
        key = publishable_keys.create(title="Storefront", token="pk_1")
        publishable_keys.revoke(publishable_key_id=key.pk)

        assert not publishable_keys.is_valid("pk_1")


def steer(collection: PaymentCollection, verb: str) -> None:
    """Nothing of mark as paid reaches the fake provider's steering; a first, unfinished request is left instead."""
    request = {"payment_collection_id": collection.pk, "idempotency_key": "k1"}
    session = payment_sessions.initialize(**request, provider_id="pp_fake_fake")
    if verb == "initiate":
        return
    authorized = payment_sessions.authorize(**request, payment_session_id=session.pk)
    if verb == "capture":
        captures.capture(payment_id=authorized.payment.pk, idempotency_key="k1")


def in_threads(verbs: list[Callable[[], object]]) -> None:
    """Run all at once; what they refuse to each other is fine."""

    def run(verb: Callable[[], object]) -> None:
        try:
            verb()
        except PaymentsError:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as pool:
        list(pool.map(run, verbs))
