"""Refunds across the payments of a collection: exact to the cent, each part once."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from medusa_payments.core.policy.allocation import Source, allocate
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import (
    IdempotencyError,
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, Payment, PaymentCollection, Refund
from medusa_payments.services import captures, collection_refunds, refunds
from medusa_payments.states import RefundStrategy
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Moved, Script, Scripted, Verb, answer_lost, authorize, declined, lost, unavailable
from tests.split import split, tender
from tests.till import Till

pytestmark = pytest.mark.any_engine

PROPORTIONAL, IN_ORDER = RefundStrategy.PROPORTIONAL, RefundStrategy.IN_ORDER

money = pytest.mark.django_db


@pytest.fixture
def collection(till: Till, script: Script) -> PaymentCollection:
    """60 and 40 EUR, captured with two providers."""
    collection = till.collection()
    for session in split(collection, tender("60"), tender("40", SECOND)):
        captures.capture(payment_id=authorize(session).payment.pk)
    return collection


def refund(collection: PaymentCollection, amount: str | None = None, **options: Any) -> list[int]:
    """Refund, and return what each payment has given back since."""
    collection_refunds.refund(
        payment_collection_id=collection.pk, amount=None if amount is None else Decimal(amount), **options
    )
    return refunded()


def refunded() -> list[int]:
    return list(Payment.objects.order_by("-amount").values_list("refunded_amount", flat=True))


@pytest.mark.parametrize(
    ("case", "amount", "refundable", "strategy", "shares"),
    [
        ("by what each has", 50, [60, 40], PROPORTIONAL, [30, 20]),
        ("the odd cent to who lost most", 1, [60, 40], PROPORTIONAL, [1, 0]),
        ("also when it comes later", 1, [40, 60], PROPORTIONAL, [0, 1]),
        ("then to the earlier one", 1, [50, 50], PROPORTIONAL, [1, 0]),
        ("a third each", 100, [100, 100, 100], PROPORTIONAL, [34, 33, 33]),
        ("all", 100, [60, 40], PROPORTIONAL, [60, 40]),
        ("one has nothing left", 30, [0, 40], PROPORTIONAL, [0, 30]),
        ("the oldest first", 50, [60, 40], IN_ORDER, [50, 0]),
        ("then the next", 70, [60, 40], IN_ORDER, [60, 10]),
    ],
)
def test_shares(case: str, amount: int, refundable: list[int], strategy: RefundStrategy, shares: list[int]) -> None:
    assert allocate(amount, [Source(refundable=each) for each in refundable], strategy) == shares


@given(data=some.data())
def test_shares_are_exact_and_fair(data: some.DataObject) -> None:
    refundable = data.draw(some.lists(some.integers(0, 10**12), min_size=1, max_size=6))
    amount = data.draw(some.integers(0, sum(refundable)))
    for strategy in RefundStrategy:
        shares = allocate(amount, [Source(refundable=each) for each in refundable], strategy)
        assert sum(shares) == amount
        assert all(0 <= share <= most for share, most in zip(shares, refundable, strict=True))
    total = sum(refundable) or 1
    shares = allocate(amount, [Source(refundable=each) for each in refundable], PROPORTIONAL)
    assert all(abs(share * total - amount * each) < total for share, each in zip(shares, refundable, strict=True))


@pytest.mark.parametrize(
    ("case", "amount", "sources", "shares"),
    [
        ("the finest make it exact", 15, [(60, 10), (40, 1)], [10, 5]),
        ("less than a step", 3, [(60, 10), (40, 1)], [0, 3]),
        ("all of one or nothing", 70, [(60, 60), (40, 1)], [60, 10]),
        ("what is less than a step is out of reach", 130, [(19, 10)] * 3 + [(100, 10)], [10, 10, 10, 100]),
        ("the fair share would leave a rest that nobody can give", 110, [(100, 100), (60, 60), (50, 50)], [0, 60, 50]),
        ("no such division", 5, [(60, 10), (40, 10)], None),
        ("nor of a large amount, which is seen at once", 10**17 + 5, [(10**17, 100), (10**17, 10)], None),
        ("nor of all, while a part is less than a step", 119, [(19, 10), (100, 10)], None),
    ],
)
def test_shares_in_steps(case: str, amount: int, sources: list[tuple[int, int]], shares: list[int] | None) -> None:
    assert _divided(amount, sources, PROPORTIONAL) == shares


def test_steps_that_allow_no_division_are_said() -> None:
    with pytest.raises(InvalidData, match="coarser steps"):
        allocate(5, [Source(refundable=60, step=10)], PROPORTIONAL)


def test_what_the_steps_do_not_allow_in_order_is_divided_all_the_same() -> None:
    assert _divided(100, [(30, 1), (100, 100)], IN_ORDER) == [0, 100]


@given(data=some.data())
def test_what_can_be_divided_is(data: some.DataObject) -> None:
    """Held against every division there is."""
    steps = some.sampled_from([1, 3, 10, 17])
    sources = data.draw(some.lists(some.tuples(some.integers(0, 40), steps), min_size=1, max_size=4))
    every = itertools.product(*(range(0, most + 1, step) for most, step in sources))
    reachable = {sum(shares) for shares in every}
    amount = data.draw(some.integers(0, sum(most for most, _ in sources)))
    for strategy in RefundStrategy:
        shares = _divided(amount, sources, strategy)
        assert (shares is not None) == (amount in reachable)
        for share, (most, step) in zip(shares or [], sources, strict=False):
            assert share in range(0, most + 1, step)


def _divided(amount: int, sources: list[tuple[int, int]], strategy: RefundStrategy) -> list[int] | None:
    try:
        shares = allocate(amount, [Source(refundable=most, step=step) for most, step in sources], strategy)
    except InvalidData:
        return None
    assert sum(shares) == amount
    return shares


@money
class TestRefundingACollection:
    def test_a_collection_refund_is_divided_in_proportion(
        self, collection: PaymentCollection, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        assert refund(collection, "50", note="Sorry") == [3000, 2000]
        assert refund(collection, "0.01") == [3001, 2000]
        assert refund(collection) == [6000, 4000]
        assert sum(moved("refund")) == 10000
        assert {line.note for line in Refund.objects.all()} == {"Sorry", None}
        assert differences(fake_provider) == []

    def test_a_collection_refund_is_divided_in_order(self, collection: PaymentCollection) -> None:
        assert refund(collection, "50", strategy="in_order") == [5000, 0]
        assert refund(collection, "20", strategy="in_order") == [6000, 1000]

    @pytest.mark.parametrize("amount", ["100.01", "0", "-1", "0.001"])
    def test_a_collection_refund_refuses_impossible_amounts(self, collection: PaymentCollection, amount: str) -> None:
        with pytest.raises(InvalidData):
            refund(collection, amount)
        assert refunded() == [0, 0]

    def test_a_collection_refund_is_refused_when_nothing_is_left(self, collection: PaymentCollection) -> None:
        refund(collection)
        with pytest.raises(InvalidData, match="more than what is captured"):
            refund(collection)

    def test_a_collection_refund_leaves_frozen_payments_out(self, collection: PaymentCollection) -> None:
        Payment.objects.filter(amount=6000).update(frozen_at="2026-01-01T00:00Z")
        assert refund(collection) == [0, 4000]

    @pytest.mark.parametrize("amount", [None, "100", "50"])
    def test_what_is_disputed_is_refused_as_that(
        self, collection: PaymentCollection, fake_provider: FakeProvider, amount: str | None
    ) -> None:
        for payment in Payment.objects.all():
            fake_provider.dashboard.open_dispute(payment.provider_ref)
            comparing.look_at(payment.payment_session_id)

        with pytest.raises(NotAllowed) as refused:
            refund(collection, amount)
        assert refused.value.code == "payment_disputed"

    def test_a_collection_refund_refuses_wrong_parameters(self, collection: PaymentCollection) -> None:
        with pytest.raises(InvalidData, match="proportional, in_order"):
            refund(collection, "1", strategy="alphabetical")
        with pytest.raises(NotFound):
            refund(collection, "1", refund_reason_id="refr_unknown")
        with pytest.raises(NotFound):
            collection_refunds.refund(payment_collection_id="pay_col_unknown")

    def test_a_collection_refund_keeps_to_the_providers_steps(self, collection: PaymentCollection) -> None:
        Scripted.step = 100
        assert refund(collection, "1") == [100, 0]
        with pytest.raises(InvalidData, match="coarser"):
            refund(collection, "1.50")

    def test_a_collection_refund_under_the_same_key_moves_money_once(
        self, collection: PaymentCollection, moved: Moved
    ) -> None:
        for _ in range(3):
            assert refund(collection, "50", idempotency_key="k1") == [3000, 2000]
        with pytest.raises(IdempotencyError):
            refund(collection, "51", idempotency_key="k1")
        assert refund(collection, "50", idempotency_key="k2") == [6000, 4000]

    def test_without_a_key_a_repeat_is_a_second_intent(self, collection: PaymentCollection) -> None:
        refund(collection, "10")
        assert refund(collection, "10") == [1200, 800]

    @pytest.mark.parametrize("key", [None, "k1"])
    @pytest.mark.parametrize("answer", [lost, answer_lost])
    def test_a_collection_refund_finds_out_a_lost_answer(
        self, collection: PaymentCollection, script: Script, moved: Moved, key: str | None, answer: Any
    ) -> None:
        script["refund"] = self._of_second(answer)
        with pytest.raises(PaymentOutcomeUnknown):
            refund(collection, "50", idempotency_key=key)
        with pytest.raises(PaymentOutcomeUnknown):
            refund(collection, "40")
        script.clear()

        assert refund(collection, "50", idempotency_key=key) == [3000, 2000]
        assert sorted(moved("refund")) == [2000, 3000]

    def test_what_recovery_found_out_meanwhile_is_not_refunded_again(
        self, collection: PaymentCollection, script: Script, moved: Moved
    ) -> None:
        script["refund"] = self._of_second(answer_lost)
        with pytest.raises(PaymentOutcomeUnknown):
            refund(collection, "50")
        script.clear()
        assert recover() == 0

        assert refund(collection, "50") == [3000, 2000]
        assert sorted(moved("refund")) == [2000, 3000]
        assert refund(collection, "50") == [6000, 4000]

    @pytest.mark.parametrize("amount", [Decimal(20), None])
    def test_a_part_is_no_answer_to_a_refund_of_its_payment_alone(
        self, collection: PaymentCollection, script: Script, moved: Moved, amount: Decimal | None
    ) -> None:
        script["refund"] = self._of_second(answer_lost)
        with pytest.raises(PaymentOutcomeUnknown):
            refund(collection, "50")
        script.clear()
        payment_id = Payment.objects.get(amount=4000).pk

        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment_id, amount=amount)
        assert recover() == 0
        refunds.refund(payment_id=payment_id, amount=amount)
        assert refund(collection, "50") == [3000, 4000]
        assert moved("refund") == [3000, 2000, 2000]

    @pytest.mark.parametrize("key", [None, "k1"])
    def test_a_part_that_was_not_sent_is_sent_by_the_same_request(
        self, collection: PaymentCollection, script: Script, moved: Moved, key: str | None
    ) -> None:
        script["refund"] = self._of_second(unavailable)
        with pytest.raises(ProviderNotReachable):
            refund(collection, "50", idempotency_key=key)
        assert refunded() == [3000, 0]
        script.clear()

        assert refund(collection, "50", idempotency_key=key) == [3000, 2000]

    def test_so_is_one_that_never_arrived(self, collection: PaymentCollection, script: Script, moved: Moved) -> None:
        script["refund"] = self._of_second(lost)
        with pytest.raises(PaymentOutcomeUnknown):
            refund(collection, "50")
        script.clear()
        assert recover() == 0
        assert refunded() == [3000, 0]

        assert refund(collection, "50") == [3000, 2000]
        assert sorted(moved("refund")) == [2000, 3000]

    def test_of_which_nothing_was_sent_is_divided_anew(self, collection: PaymentCollection, script: Script) -> None:
        script["refund"] = unavailable
        with pytest.raises(ProviderNotReachable):
            refund(collection, "50")
        script.clear()
        refunds.refund(payment_id=Payment.objects.get(amount=6000).pk, amount=Decimal(50))

        assert refund(collection, "50") == [6000, 4000]

    def test_a_part_that_was_not_sent_is_checked_again(self, collection: PaymentCollection, script: Script) -> None:
        script["refund"] = self._of_second(unavailable)
        with pytest.raises(ProviderNotReachable):
            refund(collection, "50", idempotency_key="k1")
        script.clear()
        refunds.refund(payment_id=Payment.objects.get(amount=4000).pk)

        with pytest.raises(InvalidData):
            refund(collection, "50", idempotency_key="k1")
        assert refunded() == [3000, 4000]

    def test_one_that_refuses_leaves_the_others(
        self, collection: PaymentCollection, script: Script, fake_provider: FakeProvider
    ) -> None:
        script["refund"] = self._of_second(declined)
        for _ in range(2):
            with pytest.raises(PaymentAuthorizationError):
                refund(collection, "50", idempotency_key="k1")
        assert refunded() == [3000, 0]
        assert not Operation.objects.filter(status="open").exists()
        assert differences(fake_provider) == []

    def _of_second(self, answer: Any) -> Any:
        def refund_it(request: Any, call: Verb) -> Any:
            return answer(request, call) if request.money.minor_units == 2000 else call(request)

        return refund_it
