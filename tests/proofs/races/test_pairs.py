"""Every two verbs at the same moment, on the same payment. Neither breaks the other's books."""

from collections.abc import Callable
from decimal import Decimal
from itertools import combinations_with_replacement
from typing import Any

import pytest

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Payment, PaymentSession
from medusa_payments.services import (
    captures,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
    webhooks,
    worker,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.proofs.races.test_attacks import assert_events_are_numbered, at_once
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.proof]

Verb = Callable[[PaymentSession, FakeProvider], Any]


def _initialize(session: PaymentSession, _: FakeProvider) -> None:
    payment_sessions.initialize(
        payment_collection_id=session.payment_collection_id, provider_id="pp_fake_fake", data={}
    )


def _replace(session: PaymentSession, _: FakeProvider) -> None:
    payment_sessions.initialize(payment_collection_id=session.payment_collection_id, provider_id="pp_system_default")


def _authorize(session: PaymentSession, _: FakeProvider) -> None:
    payment_sessions.authorize(payment_collection_id=session.payment_collection_id, payment_session_id=session.pk)


def _capture(session: PaymentSession, _: FakeProvider) -> None:
    captures.capture(payment_id=_payment(session).pk, amount=Decimal(30))


def _refund(session: PaymentSession, _: FakeProvider) -> None:
    refunds.refund(payment_id=_payment(session).pk, amount=Decimal(10))


def _cancel(session: PaymentSession, _: FakeProvider) -> None:
    payments.cancel(payment_id=_payment(session).pk)


def _webhook(_: PaymentSession, provider: FakeProvider) -> None:
    for body, headers in provider.webhooks():
        webhooks.receive(provider_id="fake_fake", body=body, headers=headers)


def _look(session: PaymentSession, _: FakeProvider) -> None:
    comparing.look_at(session.pk)


def _work(_: PaymentSession, __: FakeProvider) -> None:
    worker.run_once()


def _fail(session: PaymentSession, _: FakeProvider) -> None:
    payment_collections.fail(payment_collection_id=session.payment_collection_id, on_failure="refund")


def _delete(session: PaymentSession, _: FakeProvider) -> None:
    payment_collections.delete(payment_collection_id=session.payment_collection_id)


def _cancel_collection(session: PaymentSession, _: FakeProvider) -> None:
    payment_collections.cancel(payment_collection_id=session.payment_collection_id)


def _payment(session: PaymentSession) -> Payment:
    payment = Payment.objects.filter(payment_session=session).first()
    if payment is None:
        raise PaymentsError("There is no payment yet.")
    return payment


VERBS: dict[str, Verb] = {
    verb.__name__.strip("_"): verb
    for verb in (
        _initialize,
        _replace,
        _authorize,
        _capture,
        _refund,
        _cancel,
        _webhook,
        _look,
        _work,
        _fail,
        _delete,
        _cancel_collection,
    )
}

ROUNDS = 2


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(VERBS, 2)))
@pytest.mark.parametrize("begun", ["chosen", "authorized", "captured"])
def test_two(till: Till, fake_provider: FakeProvider, begun: str, one: str, other: str) -> None:
    if begun == "chosen":
        session = till.session()
        fake_provider.dashboard.authorize(session.provider_ref or "")
    else:
        session = (till.captured() if begun == "captured" else till.authorized()).payment_session

    at_once([lambda name=name: VERBS[name](session, fake_provider) for name in (one, other)], rounds=ROUNDS)

    assert recover() == 0
    assert differences(fake_provider) == []
    assert_events_are_numbered()


@pytest.mark.parametrize("begun", ["authorized", "captured"])
def test_all(till: Till, fake_provider: FakeProvider, begun: str) -> None:
    """Two workers, webhooks and everybody else."""
    session = (till.captured() if begun == "captured" else till.authorized()).payment_session
    everybody = [*VERBS.values(), _work, _webhook]

    at_once([lambda verb=verb: verb(session, fake_provider) for verb in everybody])

    assert recover() == 0
    assert differences(fake_provider) == []
    assert_events_are_numbered()
