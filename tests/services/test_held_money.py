"""Money that went back pays for nothing, whichever way it is asked for."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import InvalidData, NotAllowed
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.queries import held_money
from medusa_payments.services import (
    captures,
    collection_refunds,
    manual_authorization,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Moved, Script, authorize, unavailable
from tests.split import FAKE, split, tender
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

SYSTEM = "pp_system_default"

at_once_or_later = pytest.mark.parametrize(("paid_by", "back_by"), [("authorize", "cancel"), ("pay", "refund")])


@pytest.fixture
def sessions(till: Till, script: Script) -> list[PaymentSession]:
    """60 of 100 EUR are captured, the customer has yet to pay 40."""
    sessions = split(till.collection(), tender("60"), tender("40"))
    captures.capture(payment_id=authorize(sessions[0]).payment.pk)
    return sessions


def pays() -> tuple[str, bool]:
    collection = PaymentCollection.objects.get()
    return collection.status, held_money.pays_for(collection)


def pay_late(session: PaymentSession, fake_provider: FakeProvider, verb: str) -> None:
    getattr(fake_provider.dashboard, verb)(session.provider_ref)
    comparing.look_at(session.pk)


def pass_the_deadline() -> None:
    overdue = timezone.now() - timedelta(seconds=1)
    PaymentCollection.objects.filter(resolve_by__isnull=False).update(resolve_by=overdue, attention_at=overdue)
    assert recover() == 0


def fully_paid(till: Till, fake_provider: FakeProvider) -> PaymentCollection:
    collection = till.collection()
    for session in split(collection, tender("60"), tender("40")):
        authorize(session)
    return collection


class TestAPartThatWasRefunded:
    @pytest.fixture(params=["1", None])
    def refunded(self, sessions: list[PaymentSession], request: Any) -> list[PaymentSession]:
        amount = Decimal(request.param) if request.param else None
        refunds.refund(payment_id=Payment.objects.get().pk, amount=amount)
        return sessions

    def test_the_rest_of_a_refunded_collection_can_not_be_paid(
        self, refunded: list[PaymentSession], till: Till, moved: Moved
    ) -> None:
        collection = refunded[0].payment_collection
        path = f"/v1/store/payment-collections/{collection.pk}/sessions/batch/authorize"
        body = {"session_ids": [session.pk for session in refunded]}
        rest: list[Callable[[], object]] = [
            lambda: authorize(refunded[1]),
            lambda: payment_sessions.authorize_sessions(
                payment_collection_id=collection.pk, payment_session_ids=body["session_ids"]
            ),
            lambda: split(collection, tender("60", keep=refunded[0]), tender("40", SYSTEM)),
            lambda: payment_sessions.refresh(payment_collection_id=collection.pk, payment_session_id=refunded[1].pk),
            lambda: payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=FAKE),
            lambda: manual_authorization.mark_as_authorized(payment_collection_id=collection.pk),
        ]
        for pay in rest:
            with pytest.raises(NotAllowed, match="refunded, released or disputed"):
                pay()
        with pytest.raises(NotAllowed, match="not_paid"):
            payment_collections.mark_as_paid(payment_collection_id=collection.pk)
        assert Client().post(path, body, content_type="application/json").status_code == 400
        assert (moved("authorize"), pays()) == ([6000], ("partially_authorized", False))

    def test_what_comes_all_the_same_is_given_back(
        self, refunded: list[PaymentSession], moved: Moved, fake_provider: FakeProvider
    ) -> None:
        """The customer was paying in the browser. By its contract the collection is authorized, but nobody has paid."""
        fake_provider.dashboard.authorize(refunded[1].provider_ref or "")
        comparing.look_at(refunded[1].pk)
        assert pays() == ("authorized", False)

        pass_the_deadline()

        assert (moved("cancel"), sum(moved("refund"))) == ([4000], 6000)
        assert held_money.amount_of(PaymentCollection.objects.get()) == 0
        assert differences(fake_provider) == []


def test_a_part_that_was_disputed_has_to_be_settled_first(
    sessions: list[PaymentSession], fake_provider: FakeProvider
) -> None:
    dispute = fake_provider.dashboard.open_dispute(sessions[0].provider_ref or "")
    comparing.look_at(sessions[0].pk)
    with pytest.raises(NotAllowed, match="refunded, released or disputed"):
        authorize(sessions[1])

    fake_provider.dashboard.win_dispute(dispute)
    comparing.look_at(sessions[0].pk)

    assert authorize(sessions[1]).status == "authorized"
    assert pays() == ("authorized", True)


def test_a_rest_that_was_canceled_is_not_waited_for(
    sessions: list[PaymentSession], fake_provider: FakeProvider
) -> None:
    collection = sessions[0].payment_collection
    assert held_money.comes_to_the_amount(collection)
    fake_provider.dashboard.cancel(sessions[1].provider_ref or "")
    comparing.look_at(sessions[1].pk)
    assert not held_money.comes_to_the_amount(collection)


def test_what_comes_after_a_failure_never_looks_like_a_paid_order(
    sessions: list[PaymentSession], script: Script, fake_provider: FakeProvider
) -> None:
    script["cancel"] = unavailable
    payment_collections.fail(payment_collection_id=sessions[0].payment_collection_id, on_failure="refund")
    fake_provider.dashboard.authorize(sessions[1].provider_ref or "")
    comparing.look_at(sessions[1].pk)
    assert pays() == ("authorized", False)

    script.clear()

    assert recover() == 0
    assert (pays(), held_money.amount_of(PaymentCollection.objects.get())) == (("partially_authorized", False), 0)
    assert differences(fake_provider) == []


class TestMoneyForAnEarlierChoice:
    """The provider can't be told to give an object up, and the customer pays it in another tab."""

    @pytest.fixture
    def earlier(self, till: Till, script: Script) -> PaymentSession:
        """A session for 100 EUR; meanwhile 150 are due, with another provider."""
        earlier = till.session()
        script["cancel"] = unavailable
        payment_sessions.initialize(payment_collection_id=till.collection("150").pk, provider_id=SECOND)
        return earlier

    @at_once_or_later
    def test_goes_back_when_it_does_not_pay_for_the_last_one(
        self,
        earlier: PaymentSession,
        script: Script,
        moved: Moved,
        fake_provider: FakeProvider,
        paid_by: str,
        back_by: str,
    ) -> None:
        pay_late(earlier, fake_provider, paid_by)
        script.clear()

        assert recover() == 0
        assert (moved(back_by), held_money.amount_of(PaymentCollection.objects.get())) == ([10000], 0)
        assert differences(fake_provider) == []

    def test_then_the_last_one_can_be_paid(
        self, earlier: PaymentSession, script: Script, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.authorize(earlier.provider_ref or "")
        comparing.look_at(earlier.pk)
        script.clear()
        recover()

        authorize(PaymentSession.objects.get(slot=0))

        assert pays() == ("authorized", True)
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_stays_when_it_paid_for_all_once(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        earlier = till.session()
        script["cancel"] = unavailable
        till.session(SECOND)
        fake_provider.dashboard.pay(earlier.provider_ref or "")
        comparing.look_at(earlier.pk)
        script.clear()
        refunds.refund(payment_id=Payment.objects.get().pk, amount=Decimal(1))

        assert recover() == 0
        assert Payment.objects.get().held_amount == 9900

    def test_stays_when_it_paid_for_all_with_another_part_that_is_canceled_later(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        """An order was placed on both; the goods of the other part came back."""
        collection = till.collection()
        earlier, other = split(collection, tender("60"), tender("40"))
        authorize(other)
        script["cancel"] = unavailable
        split(collection, tender("60"), tender("40", keep=other))
        fake_provider.dashboard.pay(earlier.provider_ref or "")
        comparing.look_at(earlier.pk)
        script.clear()
        assert recover() == 0
        assert pays() == ("authorized", True)

        payments.cancel(payment_id=other.payment.pk)

        PaymentCollection.objects.update(attention_at=timezone.now())
        assert recover() == 0
        assert moved("refund") == []


class TestMoneyInAnotherCurrency:
    """The customer pays 100 EUR in another tab; meanwhile the cart costs 50 USD."""

    @pytest.fixture(params=["replaced", "live"])
    def earlier(self, till: Till, script: Script, request: Any) -> PaymentSession:
        earlier = till.session()
        script["cancel"] = unavailable
        collection = till.collection("50", "usd")
        if request.param == "replaced":
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=SECOND)
        return earlier

    @at_once_or_later
    def test_pays_for_nothing_and_goes_back(
        self,
        earlier: PaymentSession,
        script: Script,
        moved: Moved,
        fake_provider: FakeProvider,
        paid_by: str,
        back_by: str,
    ) -> None:
        pay_late(earlier, fake_provider, paid_by)
        assert pays() == ("not_paid", False)
        script.clear()

        assert recover() == 0
        assert (moved(back_by), pays()) == ([10000], ("not_paid", False))
        assert differences(fake_provider) == []

    def test_the_cart_can_be_paid_after_money_in_another_currency_went_back(
        self, earlier: PaymentSession, script: Script, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.authorize(earlier.provider_ref or "")
        comparing.look_at(earlier.pk)
        script.clear()
        recover()

        authorize(payment_sessions.initialize(payment_collection_id=earlier.payment_collection_id, provider_id=SECOND))

        assert pays() == ("authorized", True)
        assert recover() == 0
        assert PaymentCollection.objects.get().authorized_amount == 5000
        assert differences(fake_provider) == []

    def test_money_in_another_currency_is_no_part_of_a_split(
        self, earlier: PaymentSession, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.authorize(earlier.provider_ref or "")
        comparing.look_at(earlier.pk)
        PaymentCollection.objects.update(amount=15000)

        with pytest.raises(NotAllowed, match="is paid with"):
            split(earlier.payment_collection, tender("100", keep=earlier), tender("50", SECOND))

    def test_that_was_captured_is_not_given_back_as_what_it_is_not(
        self, earlier: PaymentSession, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.pay(earlier.provider_ref or "")
        comparing.look_at(earlier.pk)

        with pytest.raises(InvalidData, match="refund more"):
            collection_refunds.refund(payment_collection_id=earlier.payment_collection_id, amount=Decimal(50))


class TestAnOrderThatWaits:
    """The other part is a bank debit, which takes days."""

    @pytest.fixture
    def debit(self, till: Till, script: Script) -> PaymentSession:
        collection = till.collection()
        card, debit = split(collection, tender("60"), tender("40", outcome="pending_authorization"))
        for session in (card, debit):
            authorize(session)
        return debit

    def test_the_deadline_waits_while_an_order_waits(
        self, debit: PaymentSession, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment_collections.attach_order(payment_collection_id=debit.payment_collection_id, order_id="order_1")
        pass_the_deadline()
        collection = PaymentCollection.objects.get()
        assert (collection.failed_at, moved("cancel"), pays()) == (None, [], ("partially_authorized", False))
        assert collection.attention_at is not None

        fake_provider.dashboard.authorize(debit.provider_ref or "")
        comparing.look_at(debit.pk)

        assert pays() == ("authorized", True)
        assert PaymentCollection.objects.get().resolve_by is None

    def test_the_deadline_counts_again_once_the_bank_refuses(
        self, debit: PaymentSession, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment_collections.attach_order(payment_collection_id=debit.payment_collection_id, order_id="order_1")
        pass_the_deadline()
        fake_provider.dashboard.cancel(debit.provider_ref or "")
        comparing.look_at(debit.pk)

        assert recover() == 0

        assert PaymentCollection.objects.get().failed_at is not None
        assert 6000 in moved("cancel")
        assert differences(fake_provider) == []

    def test_without_an_order_nobody_waits(self, debit: PaymentSession, moved: Moved) -> None:
        pass_the_deadline()
        assert PaymentCollection.objects.get().failed_at is not None
        assert 6000 in moved("cancel")


class TestMarkingAsAuthorized:
    def test_what_was_released_of_a_part_is_said(self, till: Till, fake_provider: FakeProvider) -> None:
        collection = fully_paid(till, fake_provider)
        payment = Payment.objects.get(amount=6000)
        captures.capture(payment_id=payment.pk, amount=Decimal(50))
        payments.cancel(payment_id=payment.pk)

        with pytest.raises(NotAllowed, match=r"holds 50 of 60.*for what is lacking"):
            manual_authorization.mark_as_authorized(payment_collection_id=collection.pk)

    def test_a_part_that_was_canceled_is_made_up_for(self, till: Till, fake_provider: FakeProvider) -> None:
        collection = fully_paid(till, fake_provider)
        payments.cancel(payment_id=Payment.objects.get(amount=4000).pk)

        marked = manual_authorization.mark_as_authorized(payment_collection_id=collection.pk)

        assert (marked.status, pays()) == ("authorized", ("authorized", True))
