"""An upgrade writes the lines of what was released before there were any."""

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from medusa_payments.core.saga import comparing
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, Release
from medusa_payments.services import captures, payments, rebuild
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import Script, changed, euros
from tests.till import Till

pytestmark = pytest.mark.django_db

migration = import_module("medusa_payments.migrations.0012_release_lines")

Lines = list[tuple[str, str | None, int, str | None, str]]


def migrate() -> None:
    migration.write_lines(apps, SimpleNamespace(connection=connection))


def lines() -> Lines:
    columns = ("payment_id", "operation_id", "amount", "provider_ref", "created_by")
    return list(Release.objects.order_by("payment_id", "amount").values_list(*columns))


def released_amounts_differ() -> list[tuple[object, object]]:
    return [(each.stored, each.computed) for each in rebuild.check() if each.column == "released_amount"]


@pytest.fixture
def canceled(till: Till) -> Payment:
    payment = till.authorized()
    payments.cancel(payment_id=payment.pk, created_by="7")
    return Payment.objects.get(pk=payment.pk)


@pytest.fixture
def released_twice(till: Till, script: Script) -> Payment:
    """Somebody released two parts at the dashboard."""
    payment = till.authorized()
    for total in (4000, 10000):
        script["retrieve"] = changed(released=euros(total))
        comparing.look_at(payment.payment_session_id)
    script.clear()
    return Payment.objects.get(pk=payment.pk)


class TestWhatEventsTell:
    """Each line is written as it would have been when it was booked, a second time too."""

    @pytest.fixture(params=["canceled", "released_twice", "the rest of a capture", "the rest of the last capture"])
    def written(self, request: Any, till: Till, script: Script) -> Lines:
        if request.param == "the rest of a capture":
            payment = till.authorized()
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
            payments.cancel(payment_id=payment.pk)
        elif request.param == "the rest of the last capture":
            script["capture"] = changed(released=euros(7000))
            captures.capture(payment_id=till.authorized().pk, amount=Decimal(30))
        else:
            request.getfixturevalue(request.param)
        return lines()

    def test_all_lines_lack(self, written: Lines) -> None:
        made = dict(Event.objects.filter(name__in=migration.TOLD_BY).values_list("data__amount", "created_at"))
        assert written
        Release.objects.all().delete()

        for _ in range(2):
            migrate()
            assert lines() == written
            assert dict(Release.objects.values_list("amount", "created_at")) == made
            assert released_amounts_differ() == []

    def test_no_line_lacks(self, written: Lines) -> None:
        migrate()
        assert lines() == written

    def test_one_line_lacks(self, written: Lines) -> None:
        """It was interrupted, or a process of the previous release released something after it."""
        Release.objects.order_by("-amount")[0].delete()
        migrate()
        assert lines() == written


class TestWhatNoEventTells:
    def test_it_gets_a_line_of_its_own(self, canceled: Payment) -> None:
        Release.objects.all().delete()
        Event.objects.filter(name="payment.canceled").update(name="payment.forgotten")

        for _ in range(2):
            migrate()
            reference = f"{canceled.provider_ref}:released:10000"
            assert lines() == [(canceled.pk, None, 10000, reference, "migration")]
            assert released_amounts_differ() == []

    @pytest.mark.parametrize("forgotten", [0, 1])
    def test_it_came_before_or_after_what_is_told(self, released_twice: Payment, forgotten: int) -> None:
        Release.objects.all().delete()
        number = Event.objects.filter(name="payment.released").order_by("number")[forgotten].pk
        Event.objects.filter(pk=number).update(name="payment.forgotten")

        for _ in range(2):
            migrate()
            assert sorted((amount, who) for _, _, amount, _, who in lines()) == [
                (4000, ("provider", "migration")[forgotten == 0]),
                (6000, ("provider", "migration")[forgotten == 1]),
            ]
            assert released_amounts_differ() == []


class TestWhatDoesNotFit:
    def test_events_that_tell_of_more_than_is_counted_are_left_to_staff(self, canceled: Payment) -> None:
        Release.objects.all().delete()
        Payment.objects.update(released_amount=4000)

        for _ in range(2):
            migrate()
            assert lines() == []
            assert released_amounts_differ() == [(4000, 0)]

    def test_the_others_get_their_lines(self, canceled: Payment, till: Till) -> None:
        Payment.objects.update(released_amount=4000)
        till.cart_id = "cart_2"
        other = till.authorized()
        payments.cancel(payment_id=other.pk)
        Release.objects.all().delete()

        migrate()

        assert [line[0] for line in lines()] == [other.pk]


def test_what_was_interrupted_goes_on(till: Till, monkeypatch: pytest.MonkeyPatch, fake_provider: FakeProvider) -> None:
    """Chunk by chunk: what is committed stays, the rest is written by the next attempt."""
    for number in range(5):
        till.cart_id = f"cart_{number}"
        payments.cancel(payment_id=till.authorized().pk)
    written = lines()
    Release.objects.all().delete()
    monkeypatch.setattr(migration, "CHUNK", 2)
    write_chunk: Callable[..., None] = migration._write_chunk
    chunks: list[Any] = []

    def dies_in_the_second(*arguments: Any) -> None:
        chunks.append(arguments)
        write_chunk(*arguments)
        if len(chunks) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(migration, "_write_chunk", dies_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        migrate()
    assert len(lines()) == 2

    migrate()
    assert lines() == written
    assert len(chunks) == 4


def test_a_payment_that_released_nothing_gets_no_line(till: Till) -> None:
    till.captured()
    migrate()
    assert lines() == []
    assert (PaymentCollection.objects.count(), Operation.objects.count() > 0) == (1, True)
