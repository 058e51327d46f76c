"""Which money a collection holds that it should not: a table of cases, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from medusa_payments.core.policy import surplus
from medusa_payments.core.policy.surplus import CollectionFacts, MoneyFacts, Undo
from medusa_payments.states import UndoPolicy

pytestmark = pytest.mark.any_engine

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)

OPEN = CollectionFacts(amount=100, currency_code="eur")
CANCELED = replace(OPEN, is_canceled=True)
DELETED = replace(OPEN, is_deleted=True)
HOLD, VOID, REFUND = (replace(OPEN, has_failed=True, on_failure=policy) for policy in UndoPolicy)


def paid(
    number: int, amount: int = 100, *, captured: int = 0, refunded: int = 0, released: int = 0, **more: Any
) -> MoneyFacts:
    """The `number`th payment: it came so many minutes after noon."""
    in_flight = more.get("capturing", 0) + more.get("releasing", 0)
    facts = MoneyFacts(
        payment_id=f"pay_{number}",
        amount=amount,
        currency_code="eur",
        created_at=NOON + timedelta(minutes=number),
        held=amount - released - refunded - more.get("releasing", 0),
        captured=captured,
        kept=captured - refunded,
        capturable=amount - captured - released - in_flight,
        refundable=captured - refunded,
    )
    return replace(facts, **more)


def replaced(number: int, amount: int = 100, **more: Any) -> MoneyFacts:
    """Paid with a session that the customer has chosen otherwise since."""
    return paid(number, amount, is_preferred=False, **more)


def canceled(number: int, amount: int = 100, *, minute: int) -> MoneyFacts:
    return paid(number, amount, released=amount, canceled_at=NOON + timedelta(minutes=minute))


def back(number: int, *, release: int = 0, refund: int = 0) -> Undo:
    return Undo(payment_id=f"pay_{number}", release=release, refund=refund)


CASES: dict[str, tuple[CollectionFacts, list[MoneyFacts], list[Undo]]] = {
    # A collection that is given up gives everything back.
    "canceled": (CANCELED, [paid(1, captured=60)], [back(1, release=40, refund=60)]),
    "deleted": (DELETED, [paid(1, captured=60)], [back(1, release=40, refund=60)]),
    "canceled: what is frozen waits for a person": (CANCELED, [paid(1, is_frozen=True)], []),
    "canceled: what is being captured can't be released yet": (
        CANCELED,
        [paid(1, captured=30, capturing=20)],
        [back(1, refund=30)],
    ),
    "canceled: what is being released isn't released again": (
        CANCELED,
        [paid(1, captured=30, releasing=20)],
        [back(1, refund=30)],
    ),
    "canceled: what went back needn't go again": (CANCELED, [canceled(1, minute=5)], []),
    "canceled: a payment that was canceled holds nothing to release": (
        CANCELED,
        [paid(1, canceled_at=NOON)],
        [],
    ),
    # An order that failed: its policy says.
    "failed, hold": (HOLD, [paid(1, captured=60)], []),
    "failed, void": (VOID, [paid(1, captured=60)], [back(1, release=40)]),
    "failed, void: what is captured stays": (VOID, [paid(1, captured=100)], []),
    "failed, refund": (REFUND, [paid(1, captured=60)], [back(1, release=40, refund=60)]),
    "failed, refund: what is frozen waits for a person": (REFUND, [paid(1, captured=60, is_frozen=True)], []),
    # What is paid for stays.
    "paid": (OPEN, [paid(1)], []),
    "paid in part": (OPEN, [paid(1, 60)], []),
    "paid in two parts": (OPEN, [paid(1, 60), paid(2, 40)], []),
    "two parts, neither of which could be missed": (OPEN, [paid(1, 60), paid(2, 60)], []),
    "one that is too much": (OPEN, [paid(1, 120)], []),
    "captured in part": (OPEN, [paid(1, captured=60)], []),
    # Money in another currency counts for nothing.
    "another currency": (OPEN, [paid(1, currency_code="usd")], [back(1, release=100)]),
    "another currency, captured": (OPEN, [paid(1, captured=100, currency_code="usd")], [back(1, refund=100)]),
    "another currency covers nothing": (OPEN, [paid(1, currency_code="usd"), paid(2)], [back(1, release=100)]),
    "another currency, frozen": (OPEN, [paid(1, currency_code="usd", is_frozen=True)], []),
    # Strays: paid with a choice made before the last one, and not what is due.
    "a stray": (OPEN, [replaced(1, 60)], [back(1, release=60)]),
    "a stray that was captured": (OPEN, [replaced(1, 60, captured=60)], [back(1, refund=60)]),
    "a stray that is frozen": (OPEN, [replaced(1, 60, is_frozen=True)], []),
    "of an earlier choice, and enough": (OPEN, [replaced(1)], []),
    "of earlier choices, and enough together": (OPEN, [replaced(1, 60), replaced(2, 40)], []),
    "enough with what is frozen": (OPEN, [replaced(1, 60), replaced(2, 40, is_frozen=True)], []),
    "enough with what was canceled later": (OPEN, [canceled(1, 40, minute=5), replaced(2, 60)], []),
    "not enough with what was canceled before": (
        OPEN,
        [canceled(1, 40, minute=1), replaced(2, 60)],
        [back(2, release=60)],
    ),
    "not enough with another currency": (
        OPEN,
        [paid(1, 40, currency_code="usd"), replaced(2, 60)],
        [back(1, release=40), back(2, release=60)],
    ),
    "a stray pays for nothing beside the choice": (OPEN, [replaced(1, 30), paid(2, 60)], [back(1, release=30)]),
    # Surplus: whole payments that the others make superfluous.
    "paid twice: the younger one goes": (OPEN, [paid(1), paid(2)], [back(2, release=100)]),
    "paid three times: the two younger ones go": (
        OPEN,
        [paid(1), paid(2), paid(3)],
        [back(3, release=100), back(2, release=100)],
    ),
    "paid twice: the earlier choice goes": (OPEN, [replaced(1), paid(2)], [back(1, release=100)]),
    "paid twice: the captured one stays, though the younger": (
        OPEN,
        [paid(1), paid(2, captured=100)],
        [back(1, release=100)],
    ),
    "paid twice: the captured one stays, though replaced": (
        OPEN,
        [paid(1), replaced(2, captured=100)],
        [back(1, release=100)],
    ),
    "captured twice: the younger one goes": (
        OPEN,
        [paid(1, captured=100), paid(2, captured=100)],
        [back(2, refund=100)],
    ),
    "paid twice: what goes back already is not missed": (OPEN, [paid(1), paid(2, releasing=100)], []),
    "paid twice: the frozen one counts for nothing": (OPEN, [paid(1), paid(2, is_frozen=True)], []),
    "a part that the whole makes superfluous": (OPEN, [paid(1, 40), paid(2)], [back(1, release=40)]),
    "what was captured and given back is not enough": (OPEN, [paid(1, captured=100, refunded=100), paid(2, 60)], []),
    "for nothing: everything": (replace(OPEN, amount=0), [paid(1, captured=60)], [back(1, release=40, refund=60)]),
    # Once enough is captured, nothing is held beyond it.
    "enough of one is captured": (OPEN, [paid(1, 120, captured=100)], [back(1, release=20)]),
    "enough of two is captured": (
        OPEN,
        [paid(1, 60, captured=60), paid(2, 60, captured=40)],
        [back(2, release=20)],
    ),
    "enough is captured, more is being captured": (OPEN, [paid(1, 120, captured=100, capturing=20)], []),
    # What several have captured in excess.
    "captured beyond": (OPEN, [paid(1, 60, captured=60), paid(2, 60, captured=60)], [back(2, refund=20)]),
    "captured beyond, partly disputed": (
        OPEN,
        [paid(1, 60, captured=60), paid(2, 60, captured=60, refundable=15)],
        [back(2, refund=15), back(1, refund=5)],
    ),
    "captured beyond, refunded since": (OPEN, [paid(1, 60, captured=60), paid(2, 60, captured=60, refunded=20)], []),
    "captured beyond with one": (OPEN, [paid(1, 120, captured=120)], []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_given_back(case: str) -> None:
    collection, payments, expected = CASES[case]
    assert surplus.undoes(collection, payments, most=collection.amount) == expected


@pytest.mark.parametrize(("most", "expected"), [(110, [back(2, refund=10)]), (120, [])])
def test_captured_up_to_the_step_of_a_provider_is_no_excess(most: int, expected: list[Undo]) -> None:
    payments = [paid(1, 60, captured=60), paid(2, 60, captured=60)]
    assert surplus.undoes(OPEN, payments, most=most) == expected


@pytest.mark.parametrize(
    ("collection", "paid_now", "more", "expected"),
    [
        (OPEN, 100, {}, False),
        (OPEN, 60, {}, False),
        (replace(OPEN, authorized=40), 60, {}, False),
        (replace(OPEN, authorized=40), 61, {}, True),
        # One part of two.
        (replace(OPEN, authorized=40), 60, {"asked": 60}, False),
        (replace(OPEN, authorized=100), 100, {}, True),
        # A provider with coarse steps was asked for more than is due.
        (OPEN, 110, {"asked": 110}, False),
        (OPEN, 110, {"asked": 100}, True),
        (OPEN, 60, {"is_live": False}, True),
        (OPEN, 60, {"currency_code": "usd"}, True),
        (CANCELED, 60, {}, True),
        (DELETED, 60, {}, True),
        (HOLD, 60, {}, True),
    ],
)
def test_a_new_payment_may_have_to_go_back(
    collection: CollectionFacts, paid_now: int, more: dict[str, Any], expected: bool
) -> None:
    session = {"currency_code": "eur", "asked": 100, "is_live": True} | more
    assert surplus.may_follow_authorization(collection, paid=paid_now, **session) is expected


@pytest.mark.parametrize(
    ("authorized", "captured", "expected"),
    [(100, 60, False), (100, 100, False), (160, 60, False), (160, 100, True), (100, 120, True)],
)
def test_money_may_have_to_go_back_once_enough_is_captured(authorized: int, captured: int, expected: bool) -> None:
    collection = replace(OPEN, authorized=authorized, captured=captured)
    assert surplus.may_follow_capture(collection, currency_code="eur") is expected


@pytest.mark.parametrize(
    ("collection", "currency_code"), [(CANCELED, "eur"), (DELETED, "eur"), (HOLD, "eur"), (OPEN, "usd")]
)
def test_what_is_captured_of_money_that_goes_back_goes_back(collection: CollectionFacts, currency_code: str) -> None:
    assert surplus.may_follow_capture(collection, currency_code=currency_code)


@pytest.mark.parametrize(
    ("captured", "paid_with_it", "expected"), [(60, 60, True), (100, 60, False), (60, 100, False), (60, 120, False)]
)
def test_a_part_may_be_a_stray_until_enough_is_captured(captured: int, paid_with_it: int, expected: bool) -> None:
    assert surplus.may_be_stray(replace(OPEN, captured=captured), paid=paid_with_it) is expected
