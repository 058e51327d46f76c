"""The fake provider's rules: limits, statuses, idempotency keys, and what it writes down."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderDeclined, ProviderRejected
from medusa_payments.providers.types import CancelResult, SessionResult
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.providers.desk import VERBS, Desk

pytestmark = pytest.mark.any_engine

STATUSES = [status.value for status in SessionStatus]


def euro(cents: int) -> Money:
    return Money(minor_units=cents, currency_code="eur")


class TestVerbs:
    def test_a_whole_life(self, desk: Desk) -> None:
        initiated = desk.send("initiate", amount=9_000)
        ref = initiated.provider_ref
        updated = desk.send("update", ref, 10_000)
        authorized = desk.send("authorize", ref)
        captures = [desk.send("capture", ref, amount) for amount in (3_000, 7_000)]
        refund = desk.send("refund", ref, 4_000)

        assert ref.startswith("fake_pay_")
        assert (initiated.status, initiated.money) == ("pending", euro(9_000))
        assert (updated.status, updated.money, updated.provider_ref) == ("pending", euro(10_000), ref)
        assert (authorized.status, authorized.money, authorized.captured) == ("authorized", euro(10_000), None)
        assert [capture.money for capture in captures] == [euro(3_000), euro(7_000)]
        assert captures[0].capture_ref != captures[1].capture_ref
        assert (refund.money, refund.status) == (euro(4_000), "succeeded")
        payment = desk.provider.payment(ref)
        assert payment is not None
        assert (payment.status, payment.authorized, payment.captured, payment.refunded) == (
            "captured",
            10_000,
            10_000,
            4_000,
        )

    def test_writes_down_every_effect(self, desk: Desk) -> None:
        before = datetime.now(UTC)
        ref = desk.send("initiate", key="payop_a").provider_ref
        desk.send("authorize", ref, key="payop_b")
        desk.send("capture", ref, 3_000, key="payop_c")
        desk.send("cancel", ref, key="payop_d")
        entries = desk.provider.ledger_entries()

        assert [list(entry.values())[:-1] for entry in entries] == [
            ["initiate", "payses_1", "payop_a", 10_000, "eur"],
            ["authorize", "payses_1", "payop_b", 10_000, "eur"],
            ["capture", "payses_1", "payop_c", 3_000, "eur"],
            ["cancel", "payses_1", "payop_d", 7_000, "eur"],
        ]
        assert list(entries[0]) == ["verb", "session_id", "idempotency_key", "amount", "currency_code", "created_at"]
        assert abs(datetime.fromisoformat(entries[0]["created_at"]) - before).total_seconds() < 30

    def test_entries_of_one_session(self, desk: Desk) -> None:
        desk.send("initiate")
        desk.session_id = "payses_2"
        desk.send("initiate", amount=5)

        assert [entry["amount"] for entry in desk.provider.ledger_entries("payses_2")] == [5]
        assert desk.moved() == [10_000, 5]

    def test_authorizing_again_only_says_how_it_is(self, desk: Desk) -> None:
        ref = desk.ready_for("capture")
        again = desk.send("authorize", ref)
        desk.send("capture", ref)
        captured = desk.send("authorize", ref)

        assert (again.status, captured.status, captured.captured) == ("authorized", "captured", euro(10_000))
        assert desk.moved("authorize") == [10_000]

    def test_canceling_releases_what_is_not_captured_and_twice_is_no_error(self, desk: Desk) -> None:
        ref = desk.ready_for("capture")
        desk.send("capture", ref, 1_000)

        first, second = desk.send("cancel", ref), desk.send("cancel", ref)

        assert isinstance(first, CancelResult)
        assert first == second
        assert desk.moved("cancel") == [9_000]
        assert desk.send("authorize", ref).status == "canceled"
        assert desk.send("refund", ref, 1_000).money == euro(1_000)
        with pytest.raises(ProviderRejected, match=r"0\.01 EUR is more than the 0 EUR that is left"):
            desk.send("capture", ref, 1)

    def test_a_canceled_payment_is_never_authorized(self, desk: Desk) -> None:
        ref = desk.ready_for("authorize")
        desk.send("cancel", ref)

        assert desk.send("authorize", ref).status == "canceled"
        assert (desk.moved("cancel"), desk.moved("authorize")) == ([0], [])

    def test_data_has_public_keys_and_others(self, desk: Desk) -> None:
        data = desk.send("initiate").data

        assert set(data) - FakeProvider.public_data_keys == {"status", "internal_note"}
        assert data["client_secret"].startswith(data["id"])
        assert desk.send("initiate").data["client_secret"] != data["client_secret"]

    def test_reset_forgets_everything(self, desk: Desk) -> None:
        ref = desk.send("initiate", key="payop_a").provider_ref

        desk.provider.reset()

        assert desk.provider.payment(ref) is None
        assert desk.provider.ledger_entries() == []
        assert desk.send("initiate", key="payop_a", amount=5).money == euro(5)


class TestRefusals:
    @pytest.mark.parametrize(
        ("state", "verb", "amount", "code"),
        [
            ("new", "initiate", 0, "amount_too_small"),
            ("new", "initiate", -1, "amount_too_small"),
            ("pending", "update", 0, "amount_too_small"),
            ("authorized", "update", 10_000, "object_gone"),
            ("captured", "update", 10_000, "object_gone"),
            ("canceled", "update", 10_000, "object_gone"),
            ("pending", "capture", 10_000, "payment_not_capturable"),
            ("canceled", "capture", 1, "payment_not_capturable"),
            ("authorized", "capture", 10_001, "amount_too_large"),
            ("authorized", "capture", 0, "amount_too_small"),
            ("captured", "capture", 1, "amount_too_large"),
            ("pending", "refund", 1, "amount_too_large"),
            ("authorized", "refund", 1, "amount_too_large"),
            ("captured", "refund", 10_001, "amount_too_large"),
            ("captured", "refund", -1, "amount_too_small"),
            ("captured", "cancel", 0, "payment_not_cancelable"),
        ],
    )
    def test_what_is_impossible_is_rejected_and_changes_nothing(
        self, desk: Desk, state: str, verb: str, amount: int, code: str
    ) -> None:
        steps = {"new": [], "pending": ["initiate"]}.get(state, ["initiate", "authorize"])
        ref = ""
        for step in steps + {"captured": ["capture"], "canceled": ["cancel"]}.get(state, []):
            ref = ref or desk.send("initiate").provider_ref
            if step != "initiate":
                desk.send(step, ref)
        before = (desk.provider.payment(ref), desk.moved())

        with pytest.raises(ProviderRejected) as refused:
            desk.send(verb, ref, amount)

        assert refused.value.code == code
        assert (desk.provider.payment(ref), desk.moved()) == before

    def test_never_more_in_parts_than_in_all(self, desk: Desk) -> None:
        ref = desk.ready_for("capture")
        for amount in (6_000, 4_000):
            desk.send("capture", ref, amount)
        desk.send("refund", ref, 9_999)

        with pytest.raises(ProviderRejected, match=r"0\.02 EUR is more than the 0\.01 EUR that is left"):
            desk.send("refund", ref, 2)

    @pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "initiate"])
    def test_an_unknown_payment(self, desk: Desk, verb: str) -> None:
        with pytest.raises(ProviderRejected, match="No such payment: 'fake_pay_x'") as refused:
            desk.send(verb, "fake_pay_x")

        # What a customer is to pay with can be made anew; what money was moved with can't.
        assert refused.value.code == ("object_gone" if verb in {"update", "authorize"} else "payment_not_found")

    @pytest.mark.parametrize("verb", ["update", "authorize", "capture", "refund"])
    def test_another_currency(self, desk: Desk, verb: str) -> None:
        ref = desk.ready_for(verb)

        with pytest.raises(ProviderRejected, match=r"The payment is in EUR\.") as refused:
            desk.send(verb, ref, currency_code="usd")

        assert refused.value.code == "currency_mismatch"


class TestStatuses:
    @pytest.mark.parametrize("verb", ["initiate", "update", "authorize"])
    @pytest.mark.parametrize("status", STATUSES)
    def test_a_steered_status_is_answered(self, desk: Desk, verb: str, status: str) -> None:
        result = desk.call(verb, desk.first_call(verb, outcome=status))

        assert isinstance(result, SessionResult)
        assert (result.status, result.money) == (status, euro(10_000))
        assert result.captured == (euro(10_000) if status == "captured" else None)
        payment = desk.provider.payment(result.provider_ref)
        assert payment is not None
        assert payment.authorized == (10_000 if status in {"authorized", "captured"} else 0)
        assert payment.captured == (10_000 if status == "captured" else 0)

    @pytest.mark.parametrize("status", STATUSES)
    def test_only_authorized_money_is_written_down_as_authorized(self, desk: Desk, status: str) -> None:
        desk.call("authorize", desk.first_call("authorize", outcome=status))

        assert desk.moved("authorize") == ([10_000] if status in {"authorized", "captured"} else [])
        assert desk.moved("capture") == []

    @pytest.mark.parametrize("verb", ["capture", "refund", "cancel"])
    @pytest.mark.parametrize("status", STATUSES)
    def test_other_verbs_just_succeed(self, desk: Desk, verb: str, status: str) -> None:
        desk.call(verb, desk.first_call(verb, outcome=status))

        assert len(desk.moved(verb)) == 1

    @pytest.mark.parametrize("status", ["requires_more", "pending", "pending_authorization", "error"])
    def test_an_update_without_steering_makes_it_payable(self, desk: Desk, status: str) -> None:
        request = desk.first_call("authorize", outcome=status)
        ref = desk.call("authorize", request).provider_ref

        desk.send("update", ref)

        assert desk.send("authorize", ref).status == "authorized"

    def test_steering_is_for_authorize_unless_told(self, desk: Desk) -> None:
        initiated = desk.send("initiate", outcome="requires_more")

        assert initiated.status == "pending"
        assert desk.send("authorize", initiated.provider_ref).status == "requires_more"

    def test_the_data_of_an_update_replaces_what_was_there(self, desk: Desk) -> None:
        ref = desk.send("initiate", outcome="declined").provider_ref

        desk.send("update", ref, outcome="captured")

        assert desk.send("authorize", ref).status == "captured"


class TestIdempotencyKeys:
    @pytest.mark.parametrize("verb", VERBS)
    def test_a_repeat_gets_the_first_answer_and_does_nothing(self, desk: Desk, verb: str) -> None:
        request = desk.first_call(verb)
        first = desk.call(verb, request)
        entries = desk.provider.ledger_entries()

        assert desk.call(verb, request) == first
        assert desk.provider.ledger_entries() == entries

    def test_an_answer_stays_what_it_was(self, desk: Desk) -> None:
        ref = desk.ready_for("authorize")
        desk.send("authorize", ref, key="payop_a")
        desk.send("capture", ref)

        assert desk.send("authorize", ref, key="payop_a").status == "authorized"

    def test_a_refusal_is_repeated_though_it_would_be_possible_now(self, desk: Desk) -> None:
        ref = desk.ready_for("authorize")
        for _ in range(2):
            with pytest.raises(ProviderRejected, match="can't be captured") as refused:
                desk.send("capture", ref, key="payop_a")
            assert refused.value.code == "payment_not_capturable"
            desk.send("authorize", ref)

        assert desk.moved("capture") == []

    def test_a_decline_is_repeated_though_the_data_has_changed(self, desk: Desk) -> None:
        ref = desk.ready_for("authorize", outcome="declined")
        for _ in range(2):
            with pytest.raises(ProviderDeclined):
                desk.send("authorize", ref, key="payop_a")
            desk.send("update", ref)

        assert desk.send("authorize", ref).status == "authorized"

    @pytest.mark.parametrize(
        "other",
        [
            {"amount": 9_999},
            {"currency_code": "usd"},
            {"outcome": "captured"},
        ],
    )
    def test_another_request_is_rejected(self, desk: Desk, other: dict[str, Any]) -> None:
        desk.send("initiate", key="payop_a")

        with pytest.raises(ProviderRejected) as refused:
            desk.send("initiate", key="payop_a", **other)

        assert refused.value.code == "idempotency_mismatch"
        assert desk.moved() == [10_000]

    def test_another_verb_is_another_request(self, desk: Desk) -> None:
        ref = desk.ready_for("refund")
        desk.send("refund", ref, 1, key="payop_a")

        with pytest.raises(ProviderRejected) as refused:
            desk.send("capture", ref, 1, key="payop_a")

        assert refused.value.code == "idempotency_mismatch"

    def test_the_order_of_the_data_does_not_matter(self, desk: Desk) -> None:
        first = desk.send("initiate", key="payop_a", outcome="captured", on="capture")

        assert desk.send("initiate", key="payop_a", on="capture", outcome="captured") == first


class TestClientData:
    @pytest.mark.parametrize(
        ("data", "cleaned"),
        [
            ({}, {}),
            ({"outcome": "captured"}, {"outcome": "captured"}),
            ({"on": "refund"}, {"on": "refund"}),
            ({"delay_ms": 0}, {"delay_ms": 0}),
            ({"delay_ms": Decimal("60000.0")}, {"delay_ms": 60_000}),
        ],
    )
    def test_steering_is_accepted(self, desk: Desk, data: Mapping[str, Any], cleaned: dict[str, Any]) -> None:
        result = desk.provider.clean_client_data(data)

        assert result == cleaned
        assert [type(value) for value in result.values()] == [type(value) for value in cleaned.values()]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"outcome": "lucky"}, r"^Data key 'outcome' must be one of: authorized, captured, .*, crash_after$"),
            ({"outcome": ""}, "^Data key 'outcome'"),
            ({"outcome": None}, "^Data key 'outcome'"),
            ({"outcome": ["captured"]}, "^Data key 'outcome'"),
            (
                {"on": "list"},
                "^Data key 'on' must be one of: initiate, update, authorize, capture, refund, cancel, retrieve$",
            ),
            ({"on": None}, "^Data key 'on'"),
            ({"delay_ms": -1}, "^Data key 'delay_ms' must be a whole number from 0 to 60000$"),
            ({"delay_ms": 60_001}, "^Data key 'delay_ms'"),
            ({"delay_ms": Decimal("0.5")}, "^Data key 'delay_ms'"),
            ({"delay_ms": Decimal("NaN")}, "^Data key 'delay_ms'"),
            ({"delay_ms": Decimal("1e999999")}, "^Data key 'delay_ms'"),
            ({"delay_ms": "5"}, "^Data key 'delay_ms'"),
            ({"delay_ms": True}, "^Data key 'delay_ms'"),
            ({"delay_ms": None}, "^Data key 'delay_ms'"),
            ({"id": "fake_pay_x"}, "doesn't accept these data keys: 'id'$"),
            ({"amount": 1, "card": "4242"}, "doesn't accept these data keys: 'amount, card'$"),
        ],
    )
    def test_anything_else_is_refused(self, desk: Desk, data: Mapping[str, Any], message: str) -> None:
        with pytest.raises(ProviderRejected, match=message):
            desk.provider.clean_client_data(data)


class TestOptions:
    def test_are_used(self, ledger_path: str) -> None:
        options = {"ledger_path": ledger_path, "account": "acct_1", "timeout_seconds": 2}
        provider = FakeProvider("pp_fake_other", options)

        assert (provider.alias, provider.account, provider.timeout_seconds) == ("pp_fake_other", "acct_1", 2.0)

    def test_have_defaults(self, desk: Desk) -> None:
        assert (desk.provider.account, desk.provider.timeout_seconds) == ("fake", 30.0)
        assert desk.provider.capabilities.key_window_seconds == 86_400
        assert not desk.provider.capabilities.is_local
        assert not desk.provider.capabilities.supports_zero_amount

    def test_the_directory_is_made(self, ledger_path: str) -> None:
        provider = FakeProvider("pp_fake_fake", {"ledger_path": f"{ledger_path}.d/deep/ledger.sqlite3"})

        assert provider.ledger_entries() == []

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "^the option ledger_path is missing$"),
            ({"ledger_path": "ledger", "ledger": 1, "a": 1}, "^unknown options: a, ledger$"),
            ({"ledger_path": "/dev/null/ledger"}, "^ledger_path /dev/null/ledger can't be used"),
            ({"ledger_path": "/"}, "^ledger_path / can't be used"),
        ],
    )
    def test_wrong_ones_are_named(self, options: Mapping[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            FakeProvider("pp_fake_fake", options)
