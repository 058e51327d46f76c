"""Each verb on a good day, and what it refuses."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from medusa_payments.exceptions import (
    Conflict,
    IdempotencyError,
    InsideTransaction,
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.services import captures, payment_collections, payment_sessions, payments, refund_reasons, refunds
from tests.till import Till

Moved = Callable[[str], list[int]]


class TestCollections:
    def test_takes_the_carts_amount_rounded_half_up_and_records_the_rest(self, till: Till) -> None:
        collection = till.collection("59.975", "EUR")

        assert (collection.amount, collection.currency_code, collection.status) == (5998, "eur", "not_paid")
        created = collection.events.get()
        assert (created.number, created.name) == (1, "payment_collection.created")
        assert created.data["rounding_remainder"] == "-0.005"

    def test_a_cart_has_one_collection(self, till: Till) -> None:
        assert till.collection().pk == till.collection().pk

    def test_follows_the_cart_while_nothing_is_authorized(self, till: Till) -> None:
        first = till.collection("100")
        changed = till.collection("80.5")

        assert (changed.pk, changed.amount) == (first.pk, 8050)
        assert changed.events.get(number=2).data["before"] == {"amount": 10000, "currency_code": "eur"}

    def test_keeps_its_amount_once_money_is_held(self, till: Till) -> None:
        till.authorized()

        assert till.collection("80").amount == 10000

    def test_create_for_an_unknown_cart_is_not_found(self, till: Till) -> None:
        with pytest.raises(NotFound, match="Cart id not found: cart_x"):
            payment_collections.create_for_cart(cart_id="cart_x")

    @pytest.mark.parametrize("amount", ["-1", "NaN", "1e30"])
    def test_a_cart_total_that_is_no_amount_is_refused(self, till: Till, amount: str) -> None:
        with pytest.raises(InvalidData):
            till.collection(amount)

    def test_zero_is_not_paid_until_authorized(self, till: Till) -> None:
        collection = till.collection("0")
        assert collection.status == "not_paid"
        request = {"payment_collection_id": collection.pk}

        session = payment_sessions.initialize(**request, provider_id="pp_system_default")
        payment_sessions.authorize(**request, payment_session_id=session.pk)

        collection.refresh_from_db()
        assert (collection.status, collection.authorized_amount) == ("completed", 0)
        assert collection.completed_at is not None


class TestInitialize:
    def test_initialize_creates_a_live_session(self, till: Till) -> None:
        session = till.session(delay_ms=0)

        assert (session.slot, session.status, session.amount, session.currency_code) == (0, "pending", 10000, "eur")
        assert session.client_data == {"delay_ms": 0}
        assert session.provider_ref

    def test_same_provider_updates_in_place(self, till: Till, moved: Moved) -> None:
        first = till.session()
        till.set_total("80")
        again = payment_sessions.initialize(
            payment_collection_id=first.payment_collection_id, provider_id="pp_fake_fake", data={"outcome": "declined"}
        )

        assert (again.pk, again.provider_ref, again.amount) == (first.pk, first.provider_ref, 8000)
        assert again.client_data == {"outcome": "declined"}
        assert (moved("initiate"), moved("update")) == ([10000], [8000])

    def test_another_provider_replaces_and_cancels(self, till: Till, moved: Moved) -> None:
        first = till.session()
        second = till.session("pp_system_default")

        first.refresh_from_db()
        assert (first.slot, first.status, second.slot) == (None, "canceled", 0)
        assert first.replaced_at is not None
        assert len(moved("cancel")) == 1

    def test_a_failed_replacement_leaves_the_old_session(self, till: Till, moved: Moved) -> None:
        first = till.session("pp_system_default")

        with pytest.raises(PaymentAuthorizationError):
            till.session(on="initiate", outcome="declined")

        assert PaymentSession.objects.get(slot=0).pk == first.pk
        assert PaymentSession.objects.get(slot=None).status == "error"
        till.session()
        assert PaymentSession.objects.get(slot=0).provider_id == "pp_fake_fake"

    def test_a_failed_cancel_does_not_spoil_the_replacement(self, till: Till) -> None:
        till.session(on="cancel", outcome="timeout_after")

        assert till.session("pp_system_default").slot == 0
        assert Operation.objects.get(kind="cancel").status == "open"

    @pytest.mark.parametrize(
        ("outcome", "error"),
        [("declined", PaymentAuthorizationError), ("rejected", InvalidData), ("unavailable", ProviderNotReachable)],
    )
    def test_a_refused_initialize_leaves_no_live_session(
        self, till: Till, outcome: str, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            till.session(on="initiate", outcome=outcome)

        session = PaymentSession.objects.get()
        assert (session.slot, session.status) == (None, "error")
        assert not Operation.objects.filter(status="open").exists()

    @pytest.mark.parametrize("status", ["authorized", "captured"])
    def test_a_provider_that_authorizes_at_once(self, till: Till, moved: Moved, status: str) -> None:
        session = till.session(on="initiate", outcome=status)

        assert session.status == "authorized"
        assert session.payment.captured_amount == (10000 if status == "captured" else 0)

    def test_initialize_is_refused_while_money_is_held(self, till: Till) -> None:
        payment = till.authorized()

        for provider_id in ("pp_fake_fake", "pp_system_default"):
            with pytest.raises(NotAllowed):
                payment_sessions.initialize(
                    payment_collection_id=payment.payment_collection_id, provider_id=provider_id
                )
        assert PaymentSession.objects.count() == 1

    def test_initialize_is_refused_while_an_order_waits_for_a_deferred_authorization(self, till: Till) -> None:
        session = till.session(outcome="pending_authorization")
        request = {"payment_collection_id": session.payment_collection_id}
        payment_sessions.authorize(**request, payment_session_id=session.pk)
        payment_collections.attach_order(**request, order_id="order_1")

        for provider_id in ("pp_fake_fake", "pp_system_default"):
            with pytest.raises(NotAllowed, match="order_1"):
                payment_sessions.initialize(**request, provider_id=provider_id)

    def test_while_no_order_waits_a_deferred_session_can_be_replaced(self, till: Till) -> None:
        session = till.session(outcome="pending_authorization")
        request = {"payment_collection_id": session.payment_collection_id}
        payment_sessions.authorize(**request, payment_session_id=session.pk)

        assert payment_sessions.initialize(**request, provider_id="pp_system_default").slot == 0

    def test_initialize_of_an_unknown_collection_is_not_found(self, till: Till) -> None:
        with pytest.raises(NotFound, match="PaymentCollection id not found: pay_col_x"):
            payment_sessions.initialize(payment_collection_id="pay_col_x", provider_id="pp_fake_fake")

    def test_initialize_with_an_unknown_provider_is_refused(self, till: Till) -> None:
        with pytest.raises(InvalidData, match="pp_x is not configured"):
            till.session("pp_x")

    def test_zero_amount_needs_a_provider_that_can(self, till: Till) -> None:
        collection = till.collection("0")

        with pytest.raises(InvalidData, match="pp_system_default"):
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_fake_fake")
        assert not Operation.objects.exists()

    @pytest.mark.parametrize("key", ["amount", "currency_code", "capture_method", "metadata", "id"])
    def test_server_owned_data_is_refused(self, till: Till, key: str) -> None:
        with pytest.raises(InvalidData, match=key):
            till.session(**{key: "pi_somebody_elses"})
        assert not Operation.objects.exists()


class TestAuthorize:
    def test_authorize_creates_the_payment(self, till: Till) -> None:
        payment = till.authorized()

        assert (payment.amount, payment.captured_amount, payment.currency_code) == (10000, 0, "eur")
        collection = payment.payment_collection
        collection.refresh_from_db()
        assert (collection.status, collection.authorized_amount) == ("authorized", 10000)

    def test_authorize_again_changes_nothing(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        payment_sessions.authorize(
            payment_collection_id=payment.payment_collection_id, payment_session_id=payment.payment_session_id
        )

        assert moved("authorize") == [10000]

    def test_authorize_with_a_provider_that_captures_at_once_books_the_capture(self, till: Till) -> None:
        payment = till.authorized(outcome="captured")

        assert (payment.captured_amount, payment.captures.get().amount) == (10000, 10000)
        assert payment.captured_at is not None
        assert payment.payment_session.status == "authorized"
        assert payment.payment_collection.status == "completed"

    @pytest.mark.parametrize("status", ["requires_more", "pending", "error", "canceled"])
    def test_authorize_that_does_not_succeed_is_recorded_and_refused(self, till: Till, status: str) -> None:
        session = till.session(outcome=status)

        with pytest.raises(NotAllowed, match=f"Session: {session.pk} was not authorized with the provider."):
            payment_sessions.authorize(
                payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
            )

        session.refresh_from_db()
        assert session.status == status
        assert not hasattr(session, "payment")
        assert session.payment_collection.status == "not_paid"

    def test_pending_authorization_is_waited_for(self, till: Till) -> None:
        session = till.session(outcome="pending_authorization")

        result = payment_sessions.authorize(
            payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
        )

        assert result.status == "pending_authorization"
        assert result.payment_collection.status == "awaiting"

    def test_declined_can_be_tried_again_with_other_data(self, till: Till) -> None:
        session = till.session(outcome="declined")
        request = {"payment_collection_id": session.payment_collection_id, "payment_session_id": session.pk}

        for _ in range(2):
            with pytest.raises(PaymentAuthorizationError):
                payment_sessions.authorize(**request)
        session.refresh_from_db()
        assert session.status == "error"
        again = till.session(outcome="authorized")

        assert (again.pk, again.status) == (session.pk, "pending")
        assert payment_sessions.authorize(**request).status == "authorized"

    def test_authorize_is_refused_when_the_cart_has_changed(self, till: Till, moved: Moved) -> None:
        session = till.session()
        till.set_total("120")

        with pytest.raises(Conflict) as refused:
            payment_sessions.authorize(
                payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
            )

        assert refused.value.code == "cart_changed"
        assert moved("authorize") == []

    def test_authorize_of_unknown_and_replaced_sessions_is_refused(self, till: Till) -> None:
        replaced = till.session()
        till.session("pp_system_default")

        for session_id in (replaced.pk, "payses_x"):
            with pytest.raises(NotFound, match=f"PaymentSession id not found: {session_id}"):
                payment_sessions.authorize(
                    payment_collection_id=replaced.payment_collection_id, payment_session_id=session_id
                )


class TestCapture:
    def test_capture_in_parts_then_the_rest(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()

        part = captures.capture(payment_id=payment.pk, amount=Decimal("33.34"), created_by="anna")
        assert (part.captured_amount, part.captured_at) == (3334, None)
        assert part.payment_collection.status == "authorized"
        whole = captures.capture(payment_id=payment.pk)

        assert whole.captured_at is not None
        assert whole.payment_collection.status == "completed"
        assert moved("capture") == [3334, 6666]
        assert [capture.created_by for capture in whole.captures.order_by("created_at")] == ["anna", ""]

    def test_nothing_left_and_no_amount_is_fine(self, till: Till, moved: Moved) -> None:
        payment = till.captured()

        captures.capture(payment_id=payment.pk)

        assert moved("capture") == [10000]

    @pytest.mark.parametrize("amount", ["100.01", "0", "-1", "0.001", "NaN", "1e40"])
    def test_capture_refuses_amounts_that_do_not_fit(self, till: Till, moved: Moved, amount: str) -> None:
        payment = till.authorized()

        with pytest.raises(InvalidData):
            captures.capture(payment_id=payment.pk, amount=Decimal(amount))
        assert moved("capture") == []
        assert not Operation.objects.filter(kind="capture").exists()

    @pytest.mark.parametrize("parts", [["100"], ["33.34", "66.66"]], ids=["in one part", "in two parts"])
    def test_the_whole_amount_again_moves_nothing_once_all_is_captured(
        self, till: Till, moved: Moved, parts: list[str]
    ) -> None:
        payment = till.authorized()
        for part in parts:
            captures.capture(payment_id=payment.pk, amount=Decimal(part))
        before = moved("capture")

        for key in (None, "k1", "k1"):
            again = captures.capture(payment_id=payment.pk, amount=Decimal(100), idempotency_key=key)
            assert again.captured_amount == 10000
        with transaction.atomic():
            assert captures.enqueue_capture(payment_id=payment.pk, amount=Decimal(100)) is None

        assert moved("capture") == before
        assert Operation.objects.filter(kind="capture").count() == len(parts)

    @pytest.mark.parametrize("amount", ["1", "66.66", "99.99", "100.01"])
    def test_any_other_amount_is_refused_once_all_is_captured(self, till: Till, amount: str) -> None:
        payment = till.authorized()
        for part in ("33.34", "66.66"):
            captures.capture(payment_id=payment.pk, amount=Decimal(part))

        with pytest.raises(InvalidData) as refused:
            captures.capture(payment_id=payment.pk, amount=Decimal(amount), idempotency_key="k1")
        assert refused.value.details["captured_amount"] == Decimal(100)

    def test_the_whole_amount_is_refused_where_a_part_was_released(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(60))
        payments.cancel(payment_id=payment.pk)

        for amount in (Decimal(100), Decimal(60)):
            with pytest.raises(InvalidData):
                captures.capture(payment_id=payment.pk, amount=amount, idempotency_key=str(amount))
        assert moved("capture") == [6000]

    def test_the_whole_amount_is_no_answer_to_a_key_of_another_request(self, till: Till) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(40), idempotency_key="k1")
        captures.capture(payment_id=payment.pk)

        with pytest.raises(IdempotencyError):
            captures.capture(payment_id=payment.pk, amount=Decimal(100), idempotency_key="k1")

    @pytest.mark.parametrize(
        ("outcome", "error", "status"),
        [
            ("declined", PaymentAuthorizationError, "refused"),
            ("rejected", InvalidData, "refused"),
            ("unavailable", ProviderNotReachable, "not_executed"),
        ],
    )
    def test_a_refused_capture_gives_its_reservation_back(
        self, till: Till, moved: Moved, outcome: str, error: type[Exception], status: str
    ) -> None:
        payment = till.authorized(on="capture", outcome=outcome)

        with pytest.raises(error):
            captures.capture(payment_id=payment.pk)

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.capturing_amount) == (0, 0)
        assert Operation.objects.get(kind="capture").status == status
        assert moved("capture") == []

    def test_capture_of_an_unknown_payment_is_not_found(self, till: Till) -> None:
        with pytest.raises(NotFound, match="Payment with id: pay_x was not found"):
            captures.capture(payment_id="pay_x")


class TestRefund:
    def test_refund_keeps_its_reason_and_note(self, till: Till, moved: Moved) -> None:
        payment = till.captured()
        reason = refund_reasons.create(label="Damaged", code="damaged")

        refunded = refunds.refund(
            payment_id=payment.pk, amount=Decimal("10.5"), refund_reason_id=reason.pk, note="Sorry", created_by="anna"
        )

        line = refunded.refunds.get()
        assert (line.amount, line.refund_reason, line.note, line.created_by) == (1050, reason, "Sorry", "anna")
        assert refunded.payment_collection.status == "completed"
        assert moved("refund") == [1050]

    def test_without_an_amount_gives_back_what_remains(self, till: Till, moved: Moved) -> None:
        payment = till.captured()
        refunds.refund(payment_id=payment.pk, amount=Decimal("33.33"))

        refunds.refund(payment_id=payment.pk)

        assert moved("refund") == [3333, 6667]

    def test_refund_of_a_partial_capture(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(40))

        with pytest.raises(InvalidData):
            refunds.refund(payment_id=payment.pk, amount=Decimal("40.01"))
        refunds.refund(payment_id=payment.pk)

        assert moved("refund") == [4000]

    @pytest.mark.parametrize("amount", ["100.01", "0", "-1", "0.001", "Infinity"])
    def test_refund_refuses_amounts_that_do_not_fit(self, till: Till, moved: Moved, amount: str) -> None:
        payment = till.captured()

        with pytest.raises(InvalidData):
            refunds.refund(payment_id=payment.pk, amount=Decimal(amount))
        assert moved("refund") == []

    def test_refund_is_refused_when_nothing_was_captured(self, till: Till) -> None:
        with pytest.raises(InvalidData):
            refunds.refund(payment_id=till.authorized().pk)

    def test_refund_of_an_unknown_payment_or_for_an_unknown_reason_is_not_found(self, till: Till) -> None:
        with pytest.raises(NotFound, match="Payment id not found: pay_x"):
            refunds.refund(payment_id="pay_x")
        with pytest.raises(NotFound, match="RefundReason id not found: refr_x"):
            refunds.refund(payment_id=till.captured().pk, refund_reason_id="refr_x")


@pytest.mark.django_db(transaction=True)
class TestInsideTheCallersTransaction:
    def test_a_verb_inside_the_callers_transaction_is_refused_with_the_remedy(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()

        with transaction.atomic(), pytest.raises(InsideTransaction, match="on_commit"):
            captures.capture(payment_id=payment.pk)
        assert moved("capture") == []

    def test_a_verb_works_after_the_callers_transaction(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()

        with transaction.atomic():
            transaction.on_commit(lambda: captures.capture(payment_id=payment.pk))
        assert moved("capture") == [10000]


def test_an_alias_that_points_to_another_account_is_not_called(till: Till, settings: Any, moved: Moved) -> None:
    payment = till.authorized()
    providers = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    options = providers["pp_fake_fake"]["OPTIONS"] | {"account": "somebody_else"}
    changed = providers | {"pp_fake_fake": providers["pp_fake_fake"] | {"OPTIONS": options}}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": changed}

    with pytest.raises(NotAllowed, match="another account"):
        captures.capture(payment_id=payment.pk)
    assert moved("capture") == []


@pytest.mark.parametrize(
    ("currency_code", "total", "minor_units"), [("eur", "19.99", 1999), ("jpy", "1999", 1999), ("kwd", "5.125", 5125)]
)
def test_every_currency_is_exact_to_its_last_digit(
    till: Till, moved: Moved, currency_code: str, total: str, minor_units: int
) -> None:
    collection = till.collection(total, currency_code)
    request = {"payment_collection_id": collection.pk}
    session = payment_sessions.initialize(**request, provider_id="pp_fake_fake")
    payment = payment_sessions.authorize(**request, payment_session_id=session.pk).payment

    captures.capture(payment_id=payment.pk)
    refunds.refund(payment_id=payment.pk, amount=Decimal(total))

    assert moved("initiate") == moved("authorize") == moved("capture") == moved("refund") == [minor_units]
