"""The fake provider's disputes: what its dashboard does, what it tells of them, and what it refuses meanwhile."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.facts import DisputeFact, DisputeState, PaymentSnapshot, RetrieveRequest
from medusa_payments.testing.fake_provider import FakeProvider
from tests.providers.desk import Desk


@pytest.fixture
def ref(desk: Desk) -> str:
    """The reference of a payment of 100 EUR, captured."""
    ref: str = desk.send("initiate").provider_ref
    desk.send("authorize", ref)
    desk.send("capture", ref, 10_000)
    return ref


def seen(provider: FakeProvider, ref: str) -> PaymentSnapshot:
    snapshot = provider.retrieve(RetrieveRequest(session_id="payses_1", provider_ref=ref))
    assert snapshot is not None
    return snapshot


def told(provider: FakeProvider) -> list[str]:
    with provider._ledger.transaction() as books:
        return [event.type for event in books.events()]


def test_a_snapshot_tells_of_them(desk: Desk, ref: str) -> None:
    before = datetime.now(UTC)
    dispute_ref = desk.provider.dashboard.open_dispute(ref, 4_000)

    (fact,) = seen(desk.provider, ref).disputes
    assert isinstance(fact, DisputeFact)
    assert (fact.dispute_ref, fact.state, fact.reason) == (dispute_ref, DisputeState.NEEDS_RESPONSE, "fraudulent")
    assert fact.money == Money(minor_units=4_000, currency_code="eur")
    assert fact.opened_at is not None
    assert fact.evidence_due_by is not None
    assert before <= fact.opened_at <= datetime.now(UTC)
    assert fact.evidence_due_by - fact.opened_at < timedelta(days=7, seconds=1)
    assert [snapshot.disputes for snapshot in desk.provider.list_payments(before)] == [(fact,)]


@pytest.mark.parametrize(
    ("act", "state", "event"),
    [
        ("escalate_dispute", "needs_response", "dispute.updated"),
        ("send_evidence", "under_review", "dispute.updated"),
        ("win_dispute", "won", "dispute.closed"),
        ("lose_dispute", "lost", "dispute.closed"),
        ("close_dispute", "closed", "dispute.closed"),
    ],
)
def test_what_becomes_of_one_is_told(desk: Desk, ref: str, act: str, state: str, event: str) -> None:
    dispute_ref = desk.provider.dashboard.open_dispute(ref, state=DisputeState.INQUIRY)
    getattr(desk.provider.dashboard, act)(dispute_ref)

    assert [fact.state for fact in seen(desk.provider, ref).disputes] == [state]
    assert told(desk.provider)[-2:] == ["dispute.created", event]


@pytest.mark.parametrize("state", ["needs_response", "under_review", "lost"])
def test_disputed_money_isnt_refunded(desk: Desk, ref: str, state: str) -> None:
    desk.provider.dashboard.open_dispute(ref, 4_000, state=DisputeState(state))
    with pytest.raises(ProviderRejected) as refused:
        desk.send("refund", ref, 6_001)
    assert refused.value.code == "payment_disputed"
    assert desk.send("refund", ref, 6_000).status == "succeeded"


@pytest.mark.parametrize("state", ["inquiry", "won", "closed"])
def test_what_isnt_withheld_is_refunded(desk: Desk, ref: str, state: str) -> None:
    desk.provider.dashboard.open_dispute(ref, state=DisputeState(state))
    assert desk.send("refund", ref, 10_000).status == "succeeded"


@pytest.mark.parametrize("act", ["win_dispute", "send_evidence"])
def test_an_unknown_one(desk: Desk, act: str) -> None:
    with pytest.raises(LookupError):
        getattr(desk.provider.dashboard, act)("fake_dp_unknown")
    with pytest.raises(LookupError):
        desk.provider.dashboard.open_dispute("fake_pay_unknown")


def test_they_outlive_the_process(desk: Desk, ref: str, ledger_path: str) -> None:
    dispute_ref = desk.provider.dashboard.open_dispute(ref)
    other = FakeProvider("pp_other_fake", {"ledger_path": ledger_path})
    other.dashboard.lose_dispute(dispute_ref)
    assert [fact.state for fact in seen(desk.provider, ref).disputes] == ["lost"]


def test_books_of_before_there_were_disputes_are_kept(desk: Desk, ref: str, ledger_path: str) -> None:
    with closing(sqlite3.connect(ledger_path)) as connection:
        connection.execute("DROP TABLE disputes")

    provider = FakeProvider("pp_fake_fake", {"ledger_path": ledger_path})

    snapshot = seen(provider, ref)
    assert (snapshot.captured.minor_units, snapshot.disputes) == (10_000, ())
    provider.dashboard.open_dispute(ref)
    provider.reset()
    assert provider.dashboard.disputes(ref) == []


def test_it_says_that_it_has_them() -> None:
    capabilities: Any = FakeProvider.capabilities
    assert capabilities.has_disputes
