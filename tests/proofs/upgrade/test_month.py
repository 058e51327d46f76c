"""The generated month: rows that the database accepts, that add up, and that show every state."""

from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from medusa_payments.models import Dispute, Event, Operation, Payment, PaymentCollection, PaymentSession, WebhookEvent
from medusa_payments.services import rebuild
from medusa_payments.states import (
    CollectionStatus,
    DisputeState,
    OperationKind,
    OperationStatus,
    SessionStatus,
    WebhookStatus,
)
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.month import make_month
from medusa_payments.testing.month.scenes import SCENES
from tests import audit

pytestmark = pytest.mark.django_db(transaction=True)


def test_month_adds_up(fake_provider: FakeProvider) -> None:
    make_month(collections=300, ledger=fake_provider._ledger)

    assert list(rebuild.check()) == []


def test_month_shows_every_state() -> None:
    make_month(collections=len(SCENES))

    states = {
        (PaymentCollection, "status"): set(CollectionStatus) - {CollectionStatus.FAILED},
        (PaymentSession, "status"): set(SessionStatus),
        (Operation, "status"): set(OperationStatus),
        (Operation, "kind"): set(OperationKind),
        (Dispute, "state"): set(DisputeState),
        (WebhookEvent, "status"): set(WebhookStatus),
    }
    for (model, column), wanted in states.items():
        assert wanted <= set(model.objects.values_list(column, flat=True)), model
    for model in apps.get_app_config("medusa_payments").get_models():
        assert model._default_manager.exists() or model.__name__ in {"SecretKey", "EventDelivery"}, model
    for counter in ("captured", "capturing", "released", "releasing", "refunded", "refunding", "withheld", "disputed"):
        assert Payment.objects.filter(**{f"{counter}_amount__gt": 0}).exists(), counter
    assert Payment.objects.filter(frozen_at__isnull=False).exists()
    assert PaymentCollection.objects.filter(deleted_at__isnull=False).exists()


def test_worker_finds_out_all_that_is_open_and_both_books_agree(fake_provider: FakeProvider) -> None:
    make_month(collections=len(SCENES), ledger=fake_provider._ledger)

    audit.recover()

    assert not Operation.objects.filter(status="open").exists()
    assert list(rebuild.check()) == []
    call_command("payments_reconcile", "--provider", "pp_fake_fake", stdout=StringIO())


def test_same_seed_makes_the_same_month() -> None:
    end = datetime(2026, 3, 1, tzinfo=UTC)
    months = []
    for _ in range(2):
        make_month(collections=100, seed=7, ends_at=end)
        months.append(sorted((row.pk, row.created_at, str(row.data)) for row in Event.objects.all()))
        _clear()

    assert months[0] == months[1]
    assert Counter(created_at > end for _, created_at, _ in months[0]) == {False: len(months[0])}


def _clear() -> None:
    left: list[Any] = list(apps.get_app_config("medusa_payments").get_models())
    call_command("flush", interactive=False, verbosity=0)
    assert not any(model._default_manager.exists() for model in left)
