"""Who may take a row, and what is written with it: tables of cases. Only taking needs a database."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.db.models.functions import Now

from medusa_payments.core.base import turns, workers
from medusa_payments.core.base.turns import ATTEMPTS, LEASES, LOOKS, Turns
from medusa_payments.models import AccountHolder, EventDelivery, Operation, PaymentCollection, WebhookEvent
from medusa_payments.queries.primary import primary

MINUTE = timedelta(minutes=1)
ME = workers.identity()
ELSEWHERE = "another-machine boot pid:[1] 1@1"
DEAD = f"{ME.rpartition(' ')[0]} 1@0"
"""This machine has a process 1, and it didn't start at 0."""


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (LEASES, {"lease_expires_at": Now() + MINUTE, "leased_by": ME}),
        (ATTEMPTS, {"next_attempt_at": Now() + MINUTE}),
        (LOOKS, {"attention_at": Now() + MINUTE}),
    ],
)
def test_taken_row_says_until_when_and_by_whom(kind: Turns, columns: dict[str, Any]) -> None:
    assert turns.taken(kind, MINUTE) == columns


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (LEASES, {"lease_expires_at": None, "leased_by": ""}),
        (ATTEMPTS, {"next_attempt_at": None}),
        (LOOKS, {"attention_at": None}),
    ],
)
def test_row_that_is_let_go_is_nobodys(kind: Turns, columns: dict[str, Any]) -> None:
    assert turns.let_go(kind) == columns


@pytest.mark.any_engine
@pytest.mark.parametrize(("attempts", "seconds"), [(0, 10), (1, 20), (9, 3600)])
def test_next_try_is_counted_from_the_clock_of_the_database(attempts: int, seconds: int) -> None:
    assert turns.later(attempts) == Now() + timedelta(seconds=seconds)


def account(**columns: Any) -> AccountHolder:
    known = {"provider_id": "pp_fake_fake", "provider_account": "fake", "customer_id": "cus_1"}
    return AccountHolder.objects.create(**known, **columns)


def event(**columns: Any) -> WebhookEvent:
    return WebhookEvent.objects.create(provider_id="pp_fake_fake", provider_account="fake", event_id="1", **columns)


def collection(**columns: Any) -> PaymentCollection:
    return PaymentCollection.objects.create(amount=100, currency_code="eur", **columns)


AGO, AHEAD = Now() - MINUTE, Now() + MINUTE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "make", "columns", "is_free"),
    [
        (LEASES, account, {}, True),
        (LEASES, account, {"lease_expires_at": AGO, "leased_by": ME}, True),
        (LEASES, account, {"lease_expires_at": AHEAD}, False),
        (LEASES, account, {"lease_expires_at": AHEAD, "leased_by": ME}, False),
        (LEASES, account, {"lease_expires_at": AHEAD, "leased_by": ELSEWHERE}, False),
        (LEASES, account, {"lease_expires_at": AHEAD, "leased_by": DEAD}, True),
        (ATTEMPTS, event, {}, True),
        (ATTEMPTS, event, {"next_attempt_at": AGO}, True),
        (ATTEMPTS, event, {"next_attempt_at": AHEAD}, False),
        (LOOKS, collection, {"attention_at": AGO}, True),
        (LOOKS, collection, {"attention_at": AHEAD}, False),
    ],
)
class TestTaking:
    def test_takes_a_row_that_is_free(self, kind: Turns, make: Any, columns: Any, is_free: bool) -> None:
        row = make(**columns)
        row.refresh_from_db()

        assert turns.take(primary(type(row)), row, kind, MINUTE) is is_free

    def test_two_processes_that_read_the_same_row_take_it_once(
        self, kind: Turns, make: Any, columns: Any, is_free: bool
    ) -> None:
        made = make(**columns)
        read_by = [primary(type(made)).get(), primary(type(made)).get()]

        took = [turns.take(primary(type(made)), row, kind, timedelta(0)) for row in read_by]

        assert took == [is_free, False]

    def test_row_that_was_taken_is_held_by_its_new_fence_alone(
        self, kind: Turns, make: Any, columns: Any, is_free: bool
    ) -> None:
        row = make(**columns)
        row.refresh_from_db()
        before = primary(type(row)).get()
        turns.take(primary(type(row)), row, kind, MINUTE)
        now = primary(type(row)).get()

        assert turns.held(primary(type(row)), before, kind).exists() is not is_free
        assert turns.held(primary(type(row)), now, kind).exists()


@pytest.mark.django_db
class TestOfATakenRow:
    def test_fence_is_raised_in_memory_as_in_the_table(self) -> None:
        row = account()

        assert turns.take(primary(AccountHolder), row, LEASES, MINUTE)
        assert (row.fence, AccountHolder.objects.get().fence) == (1, 1)

    def test_values_are_stored_with_it(self) -> None:
        row = account()

        assert turns.take(primary(AccountHolder), row, LEASES, MINUTE, email="jane@example.com")
        assert AccountHolder.objects.get().email == "jane@example.com"

    def test_condition_of_the_caller_counts(self) -> None:
        row = account(external_id="cus_at_provider")

        assert not turns.take(primary(AccountHolder).filter(external_id=None), row, LEASES, MINUTE)
        assert (row.fence, AccountHolder.objects.get().fence) == (0, 0)

    @pytest.mark.parametrize(("lasting", "is_free"), [(MINUTE, False), (-MINUTE, True)])
    def test_turn_lasts_as_long_as_it_was_taken_for(self, lasting: timedelta, is_free: bool) -> None:
        row = event()
        turns.take(primary(WebhookEvent), row, ATTEMPTS, lasting)

        assert primary(WebhookEvent).filter(turns.is_free(ATTEMPTS)).exists() is is_free


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("kind", "model"),
    [
        (LEASES, Operation),
        (LEASES, AccountHolder),
        (ATTEMPTS, WebhookEvent),
        (ATTEMPTS, EventDelivery),
        (LOOKS, PaymentCollection),
    ],
)
def test_tables_have_the_columns_of_their_turns(kind: Turns, model: type[Model]) -> None:
    columns = {field.name for field in model._meta.get_fields()}

    assert {kind.until, kind.fence} <= columns
    assert not kind.holder or kind.holder in columns
