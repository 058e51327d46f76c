"""The status table, row by row, and the totals beside it."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_payments.states import CollectionState, PaymentFacts, SessionStatus, collection_state

pytestmark = pytest.mark.any_engine

AMOUNT = 10_000


def payment(
    amount: int = AMOUNT, *, captured: int = 0, released: int = 0, refunded: int = 0, canceled: bool = False
) -> PaymentFacts:
    return PaymentFacts(amount=amount, captured=captured, released=released, refunded=refunded, is_canceled=canceled)


def state(
    *payments: PaymentFacts,
    amount: int = AMOUNT,
    canceled: bool = False,
    sessions: tuple[SessionStatus, ...] = (),
) -> CollectionState:
    return collection_state(amount=amount, is_canceled=canceled, session_statuses=sessions, payments=payments)


@pytest.mark.parametrize(
    ("description", "payments", "status", "authorized", "captured", "refunded"),
    [
        ("nothing yet", [], "not_paid", 0, 0, 0),
        ("authorized in full", [payment()], "authorized", 10_000, 0, 0),
        ("authorized for more", [payment(12_000)], "authorized", 12_000, 0, 0),
        ("authorized in two halves", [payment(5_000), payment(5_000)], "authorized", 10_000, 0, 0),
        ("one cent is missing", [payment(9_999)], "partially_authorized", 9_999, 0, 0),
        ("part was released", [payment(released=1)], "partially_authorized", 9_999, 0, 0),
        ("all was released", [payment(released=10_000)], "not_paid", 0, 0, 0),
        ("captured in part", [payment(captured=3_000)], "authorized", 10_000, 3_000, 0),
        ("all but a cent captured", [payment(captured=9_999)], "authorized", 10_000, 9_999, 0),
        ("captured in full", [payment(captured=10_000)], "completed", 10_000, 10_000, 0),
        ("captured in two payments", [payment(5_000, captured=5_000)] * 2, "completed", 10_000, 10_000, 0),
        ("half captured", [payment(5_000, captured=5_000)], "partially_authorized", 5_000, 5_000, 0),
        (
            "part captured, rest released",
            [payment(captured=3_000, released=7_000)],
            "partially_authorized",
            3_000,
            3_000,
            0,
        ),
        ("refunded in part", [payment(captured=10_000, refunded=4_000)], "completed", 10_000, 10_000, 4_000),
        ("refunded in full", [payment(captured=10_000, refunded=10_000)], "completed", 10_000, 10_000, 10_000),
        ("canceled payment", [payment(released=10_000, canceled=True)], "not_paid", 0, 0, 0),
        ("canceled and paid anew", [payment(canceled=True), payment()], "authorized", 10_000, 0, 0),
        (
            "canceled after a capture",
            [payment(captured=3_000, refunded=1_000, canceled=True)],
            "partially_authorized",
            3_000,
            3_000,
            1_000,
        ),
        ("canceled after all was captured", [payment(captured=10_000, canceled=True)], "completed", 10_000, 10_000, 0),
    ],
)
def test_what_payments_make_of_a_collection(
    description: str, payments: list[PaymentFacts], status: str, authorized: int, captured: int, refunded: int
) -> None:
    assert state(*payments) == CollectionState(
        status=status, authorized_amount=authorized, captured_amount=captured, refunded_amount=refunded
    ), description


@pytest.mark.parametrize(
    ("session_status", "status"),
    [
        (SessionStatus.PENDING, "not_paid"),
        (SessionStatus.REQUIRES_MORE, "not_paid"),
        (SessionStatus.PENDING_AUTHORIZATION, "awaiting"),
        (SessionStatus.AUTHORIZED, "not_paid"),
        (SessionStatus.CAPTURED, "not_paid"),
        (SessionStatus.ERROR, "not_paid"),
        (SessionStatus.CANCELED, "not_paid"),
    ],
)
def test_what_sessions_alone_make_of_a_collection(session_status: SessionStatus, status: str) -> None:
    assert state(sessions=(session_status,)).status == status


@pytest.mark.parametrize(
    ("description", "payments", "status"),
    [
        ("money", [payment(1)], "partially_authorized"),
        ("all the money", [payment()], "authorized"),
        ("given back money", [payment(canceled=True)], "awaiting"),
    ],
)
def test_money_counts_before_a_waiting_session(description: str, payments: list[PaymentFacts], status: str) -> None:
    waiting = (SessionStatus.ERROR, SessionStatus.PENDING_AUTHORIZATION)

    assert state(*payments, sessions=waiting).status == status, description


@pytest.mark.parametrize(
    ("description", "payments", "status"),
    [
        ("nothing", [], "canceled"),
        ("authorized", [payment()], "canceled"),
        ("captured in part", [payment(captured=1)], "partially_captured"),
        ("captured in full", [payment(captured=10_000)], "partially_captured"),
        ("captured and refunded", [payment(captured=10_000, refunded=10_000)], "partially_captured"),
    ],
)
def test_canceled_collection(description: str, payments: list[PaymentFacts], status: str) -> None:
    waiting = (SessionStatus.PENDING_AUTHORIZATION,)

    assert state(*payments, canceled=True, sessions=waiting).status == status, description


@pytest.mark.parametrize(
    ("description", "payments", "status"),
    [
        ("at creation", [], "not_paid"),
        ("authorized", [payment(0)], "completed"),
        ("authorized, then canceled", [payment(0, canceled=True)], "not_paid"),
    ],
)
def test_amount_of_zero(description: str, payments: list[PaymentFacts], status: str) -> None:
    assert state(*payments, amount=0).status == status, description


def test_only_authorized_and_captured_sessions_hold_money() -> None:
    assert {status for status in SessionStatus if status.holds_money} == {"authorized", "captured"}


@st.composite
def possible_payments(draw: st.DrawFn) -> PaymentFacts:
    amount = draw(st.integers(0, 3 * AMOUNT))
    captured = draw(st.integers(0, amount))
    return payment(
        amount,
        captured=captured,
        released=draw(st.integers(0, amount - captured)),
        refunded=draw(st.integers(0, captured)),
        canceled=draw(st.booleans()),
    )


@given(st.lists(possible_payments(), max_size=4))
def test_refunds_never_change_the_status(payments: list[PaymentFacts]) -> None:
    unrefunded = [replace(facts, refunded=0) for facts in payments]

    assert state(*payments).status == state(*unrefunded).status


@given(st.lists(possible_payments(), max_size=3))
def test_order_does_not_matter(payments: list[PaymentFacts]) -> None:
    assert len({state(*order) for order in permutations(payments)}) == 1


@given(st.lists(possible_payments(), max_size=4), st.booleans())
def test_totals_stay_in_order(payments: list[PaymentFacts], canceled: bool) -> None:
    result = state(*payments, canceled=canceled)

    assert 0 <= result.refunded_amount <= result.captured_amount <= result.authorized_amount
