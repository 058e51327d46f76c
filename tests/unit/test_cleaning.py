"""What a provider says can be stored, whatever it says; what names something stays what it is."""

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medusa_payments.money import MAX_MINOR_UNITS, Money
from medusa_payments.providers import cleaning
from medusa_payments.providers.errors import ProviderDeclined
from medusa_payments.providers.facts import (
    CaptureFact,
    DisputeFact,
    DisputeState,
    PaymentSnapshot,
    RefundFact,
    RefundState,
)
from medusa_payments.providers.notices import WebhookNotice
from medusa_payments.providers.types import CancelResult, CaptureResult, RefundResult, SessionResult
from medusa_payments.states import SessionStatus

pytestmark = pytest.mark.any_engine

NAIVE = datetime(2026, 5, 1, 12)  # noqa: DTZ001
EURO = Money(minor_units=100, currency_code="eur")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("00\x0020", "0020"),
        ("a\ud800b", "a\ufffdb"),
        ("\udfff", "\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ufeffplain", "\ufeffplain"),
        ("Grüße", "Grüße"),
        (None, ""),
        (7, "7"),
    ],
)
def test_texts(said: Any, text: str) -> None:
    assert cleaning.text(said) == text
    assert cleaning.text(text) == text


@given(st.text(st.characters(), max_size=400))
def test_a_text_can_be_stored_and_cleaning_it_again_changes_nothing(said: str) -> None:
    text = cleaning.text(said, 255)

    assert "\0" not in text
    text.encode()
    assert len(text) <= 255
    assert cleaning.text(text, 255) == text


def test_a_reference_that_fits_stays_and_others_stay_apart() -> None:
    longs = ["x" * 300 + end for end in ("a", "b", "\0", "\ud800")] + ["ch_\0", "ch_", "\0", "\0\0"]

    cleaned = [cleaning.reference(long) for long in longs]

    assert cleaning.reference("ch_1") == "ch_1"
    assert cleaning.reference("x" * 255) == "x" * 255
    assert len(set(cleaned)) == len(longs)
    assert all(cleaning.is_usable(reference) for reference in cleaned)
    assert [cleaning.reference(long) for long in longs] == cleaned
    assert cleaning.reference(None) == cleaning.reference("") == ""


@pytest.mark.parametrize("odd", ["", None, 7, "x" * 256, "pi_\0", "pi_\ud800"])
def test_an_object_s_reference_is_usable_as_it_is_or_not_at_all(odd: Any) -> None:
    assert not cleaning.is_usable(odd)
    result = SessionResult(provider_ref=odd, status=SessionStatus.PENDING, money=EURO)
    assert cleaning.answer(result).provider_ref == odd


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        (NAIVE, datetime(2026, 5, 1, 12, tzinfo=UTC)),
        (datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 5, 1, 10, tzinfo=UTC)),
        (datetime.max.replace(tzinfo=UTC), None),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), None),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), None),
        ("2026-05-01", None),
        (date(2026, 5, 1), None),
        (1790000000, None),
        (None, None),
    ],
)
def test_times(said: Any, moment: datetime | None) -> None:
    assert cleaning.moment(said) == moment


def test_data_without_floats_and_objects() -> None:
    said = {
        "qr": "00\x0020",
        "k\0ey": "\ud800",
        7: "seven",
        "fee": 0.1,
        "nan": math.nan,
        "huge": 10**30,
        "wide": Decimal("1E+5000"),
        "none": Decimal("NaN"),
        "when": date(2026, 5, 1),
        "id": UUID(int=1),
        "raw": b"\xff\x00a",
        "client": object(),
        "status": SessionStatus.PENDING,
        "rows": ({"a": ["\0"]},),
    }

    assert cleaning.data(said) == {
        "qr": "0020",
        "key": "\ufffd",
        "7": "seven",
        "fee": Decimal("0.1"),
        "nan": None,
        "huge": str(10**30),
        "wide": "1E+5000",
        "none": None,
        "when": "2026-05-01",
        "id": str(UUID(int=1)),
        "raw": "\ufffda",
        "client": None,
        "status": "pending",
        "rows": [{"a": [""]}],
    }


@pytest.mark.parametrize("said", [None, "text", ["a"], 7])
def test_data_that_is_none_is_empty(said: Any) -> None:
    assert cleaning.data(said) == {}


def test_of_too_much_data_what_is_small_is_kept() -> None:
    said = {"id": "pi_1", "html": "x" * cleaning.LARGEST_DATA, "client_secret": "s"}

    assert cleaning.data(said) == {"id": "pi_1", "client_secret": "s"}


def test_data_that_holds_itself_comes_to_an_end() -> None:
    said: dict[str, Any] = {}
    said["again"] = said

    assert cleaning.data(said)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), anything, max_size=5))
def test_any_data_becomes_json_that_databases_take(said: dict[str, Any]) -> None:
    kept = cleaning.data(said)

    assert "\\u0000" not in json.dumps(kept, default=str)
    assert cleaning.data(kept) == kept


def test_what_is_said_of_movements_disputes_and_times() -> None:
    snapshot = PaymentSnapshot(
        provider_ref="pi_1",
        session_id="payses_\0",
        status=SessionStatus.CAPTURED,
        money=EURO,
        captured=EURO,
        released=Money(minor_units=0, currency_code="e\0ur"),
        captures=(CaptureFact(money=EURO, capture_ref="ch_\0", idempotency_key="payop_\0"),),
        disputes=(
            DisputeFact(
                money=EURO,
                dispute_ref="d" * 300,
                state=DisputeState.LOST,
                reason="r" * 300,
                evidence_due_by=NAIVE,
            ),
        ),
        capture_before=NAIVE,
        data={"a": "\0"},
    )

    cleaned = cleaning.answer(snapshot)

    assert (cleaned.session_id, cleaned.released.currency_code) == ("payses_", "eur")
    assert (cleaned.status, cleaned.data) == (SessionStatus.CAPTURED, {"a": ""})
    assert (cleaned.captures[0].idempotency_key, cleaned.captures[0].capture_ref or "") == (
        "payop_",
        cleaning.reference("ch_\0"),
    )
    [dispute] = cleaned.disputes
    assert (dispute.reason, len(dispute.dispute_ref)) == ("r" * 255, 255)
    assert cleaned.capture_before == dispute.evidence_due_by == datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_clean_answer_is_left_as_it_is() -> None:
    result = CaptureResult(money=EURO, capture_ref="ch_1", data={"a": [1, "b", None, True]})

    assert cleaning.answer(result) == result


def test_a_notice_about_an_object_with_an_unusable_reference_is_about_none() -> None:
    notice = cleaning.notice(WebhookNotice(event_id="e" * 300, event_type="t" * 300, provider_ref="x" * 256))

    assert (notice.provider_ref, len(notice.event_type), len(notice.event_id)) == (None, 255, 255)


def snapshot(**changes: Any) -> PaymentSnapshot:
    none = Money(minor_units=0, currency_code="eur")
    said = {"captured": none, "released": none, "status": SessionStatus.AUTHORIZED, "money": EURO} | changes
    return PaymentSnapshot(provider_ref="pi_1", session_id=None, **said)


def of(minor_units: Any, currency_code: Any = "eur") -> Money:
    return Money(minor_units=minor_units, currency_code=currency_code)


NO_AMOUNTS: list[Any] = [-1, MAX_MINOR_UNITS + 1, True, 1.0, Decimal(1), "1", None, 10**30]


@pytest.mark.parametrize(
    "odd", [*map(of, NO_AMOUNTS), 100, None, {"minor_units": 100, "currency_code": "eur"}], ids=repr
)
def test_what_is_no_amount_fits_nowhere(odd: Any) -> None:
    results = [
        SessionResult(provider_ref="pi_1", status=SessionStatus.PENDING, money=odd),
        CaptureResult(money=odd),
        RefundResult(money=odd),
        snapshot(money=odd),
        snapshot(captured=odd),
        snapshot(released=odd),
        snapshot(captures=(CaptureFact(money=odd),)),
        snapshot(refunds=(RefundFact(money=odd, refund_ref="re_1", state=RefundState.SUCCEEDED),)),
    ]
    if odd is not None:
        results += [CaptureResult(money=EURO, released=odd), CancelResult(released=odd)]

    assert [result for result in map(cleaning.answer, results) if not cleaning.misfit(result)] == []


@pytest.mark.parametrize(
    "odd",
    [
        snapshot(status="captured"),
        snapshot(captures=None),
        snapshot(captures=(None,)),
        snapshot(refunds=({"amount": 100},)),
        snapshot(refunds=(RefundFact(money=EURO, refund_ref="re_1", state="failed"),)),  # type: ignore[arg-type]
        snapshot(disputes=None),
        snapshot(disputes=(DisputeFact(money=of(1.0), dispute_ref="dp_1", state=DisputeState.LOST),)),
        snapshot(disputes=(DisputeFact(money=EURO, dispute_ref="dp_1", state="lost"),)),  # type: ignore[arg-type]
        RefundResult(money=EURO, status="accepted"),  # type: ignore[arg-type]
        SessionResult(provider_ref="pi_1", status="paid", money=EURO),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_a_status_or_a_fact_of_another_kind_fits_nowhere(odd: Any) -> None:
    assert cleaning.misfit(cleaning.answer(odd))


@pytest.mark.parametrize(
    "fits",
    [
        snapshot(),
        snapshot(captures=[CaptureFact(money=of(0))], data=None, is_live="yes", capture_before=7),
        snapshot(captured=of(MAX_MINOR_UNITS, "EUR")),
        snapshot(disputes=(DisputeFact(money=of(10**30), dispute_ref="dp_1", state=DisputeState.LOST),)),
        CancelResult(),
        CaptureResult(money=EURO),
    ],
    ids=repr,
)
def test_what_can_be_counted_with_fits(fits: Any) -> None:
    assert cleaning.misfit(cleaning.answer(fits)) == ""


def test_where_a_text_or_a_time_is_declared_one_comes_out() -> None:
    odd: Any = 1790000000
    notice = cleaning.notice(
        WebhookNotice(event_id=odd, event_type=odd, occurred_at=odd, session_id=odd, kept_body=odd)
    )
    fact = cleaning.answer(RefundFact(money=EURO, refund_ref=None, state=RefundState.PENDING, idempotency_key=odd))  # type: ignore[arg-type]
    dispute = cleaning.answer(DisputeFact(money=EURO, dispute_ref="dp_1", state=DisputeState.LOST, reason=None))  # type: ignore[arg-type]

    assert (notice.event_id, notice.event_type, notice.session_id) == (str(odd), str(odd), str(odd))
    assert (notice.occurred_at, notice.kept_body) == (None, str(odd).encode())
    assert (fact.refund_ref, fact.operation_id, dispute.reason) == ("", str(odd), "")


def test_a_refusal_stays_a_refusal() -> None:
    error = ProviderDeclined("n\0o \ud800" + "x" * 10_000, code="c\0" * 10_000)

    cleaning.clean_error(error)

    assert (error.message[:6], len(error.message), error.code) == ("no \ufffdxx", 1000, "c" * 255)
    assert str(error) == error.message
