"""What the processes are doing when they die: each verb, from rows of its own, with the effects it must have once."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.customers import Customer
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import AccountHolder, Debt, PaymentCollection, PaymentSession
from medusa_payments.services import (
    captures,
    collection_refunds,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
    webhooks,
    worker,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import authorize
from tests.split import split, tender
from tests.till import Till

Act = Callable[[str | None], Any]
"""The verb, under a caller's idempotency key or without one."""

THIRTY = Decimal(30)
JANE = Customer(id="cus_jane", email="jane@example.com")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`arrange` makes the rows and returns the verb. `effects` are the amounts that the provider's verbs have moved.

    `takes_key`: its caller may send an idempotency key. `needs_key`: only with one can a part of it be repeated.
    """

    name: str
    arrange: Callable[[Till, FakeProvider], Act]
    effects: dict[str, list[int]]
    takes_key: bool = True
    needs_key: bool = False


def _create(till: Till, provider: FakeProvider) -> Act:
    till.set_total("100")
    return lambda _: payment_collections.create_for_cart(cart_id="cart_1")


def _initialize(till: Till, provider: FakeProvider) -> Act:
    collection = till.collection()
    return lambda key: payment_sessions.initialize(
        payment_collection_id=collection.pk, provider_id="pp_fake_fake", idempotency_key=key
    )


def _initialize_as_a_customer(till: Till, provider: FakeProvider) -> Act:
    """The first time: the account with the provider is opened before the session is made."""
    collection = till.collection()
    return lambda key: payment_sessions.initialize(
        payment_collection_id=collection.pk, provider_id="pp_fake_fake", customer=JANE, idempotency_key=key
    )


def _initialize_after_a_lost_account(till: Till, provider: FakeProvider) -> Act:
    """What became of an account isn't known, and its key may be forgotten there."""
    provider.steer("account_holder", "timeout_after")
    till.session_of_customer(JANE)
    long_ago = F("created_at") - timedelta(days=1)
    AccountHolder.objects.update(sent_at=long_ago, lease_expires_at=long_ago, in_flight_until=long_ago)
    return _initialize_as_a_customer(till, provider)


def _update(till: Till, provider: FakeProvider) -> Act:
    session = till.session()
    till.set_total("80")
    return lambda key: payment_sessions.initialize(
        payment_collection_id=session.payment_collection_id, provider_id="pp_fake_fake", idempotency_key=key
    )


def _replace(till: Till, provider: FakeProvider) -> Act:
    session = till.session()
    return lambda key: payment_sessions.initialize(
        payment_collection_id=session.payment_collection_id, provider_id="pp_system_default", idempotency_key=key
    )


def _authorize(till: Till, provider: FakeProvider) -> Act:
    session = till.session()
    return lambda key: authorize(session, idempotency_key=key)


def _authorize_and_capture(till: Till, provider: FakeProvider) -> Act:
    session = till.session(outcome="captured")
    return lambda key: authorize(session, idempotency_key=key)


def _capture(till: Till, provider: FakeProvider) -> Act:
    payment = till.authorized()
    return lambda key: captures.capture(payment_id=payment.pk, amount=THIRTY, idempotency_key=key)


def _refund(till: Till, provider: FakeProvider) -> Act:
    payment = till.captured()
    return lambda key: refunds.refund(payment_id=payment.pk, amount=THIRTY, idempotency_key=key)


def _cancel(till: Till, provider: FakeProvider) -> Act:
    payment = till.authorized()
    return lambda key: payments.cancel(payment_id=payment.pk, idempotency_key=key)


def _mark_as_paid(till: Till, provider: FakeProvider) -> Act:
    collection = till.collection()
    return lambda key: payment_collections.mark_as_paid(
        payment_collection_id=collection.pk, provider_id="pp_fake_fake", idempotency_key=key
    )


def _delete(till: Till, provider: FakeProvider) -> Act:
    session = till.session()

    def delete(_: str | None) -> None:
        if PaymentCollection.objects.get().deleted_at is None:
            payment_collections.delete(payment_collection_id=session.payment_collection_id)

    return delete


def _cancel_collection(till: Till, provider: FakeProvider) -> Act:
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=THIRTY)
    return lambda _: payment_collections.cancel(payment_collection_id=payment.payment_collection_id)


def _webhook(till: Till, provider: FakeProvider) -> Act:
    provider.dashboard.pay(till.session().provider_ref or "")
    body, headers = provider.webhooks()[-1]
    return lambda _: webhooks.receive(provider_id="fake_fake", body=body, headers=headers)


def _look(till: Till, provider: FakeProvider) -> Act:
    payment = till.authorized()
    provider.dashboard.capture(payment.provider_ref, 4000)
    provider.dashboard.refund(payment.provider_ref, 1000)
    provider.dashboard.open_dispute(payment.provider_ref, 2000)
    return lambda _: comparing.look_at(payment.payment_session_id)


def _recover_a_capture(till: Till, provider: FakeProvider) -> Act:
    """The worker itself dies while it resolves what another process left."""
    payment = till.authorized(on="capture", outcome="timeout_after")
    with suppress(PaymentsError):
        captures.capture(payment_id=payment.pk, amount=THIRTY)
    return lambda _: worker.run_once()


def _carry_out_an_enqueued_refund(till: Till, provider: FakeProvider) -> Act:
    payment = till.captured()
    refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY)
    return lambda _: worker.run_once()


def _recover_an_orphan(till: Till, provider: FakeProvider) -> Act:
    collection = till.collection()
    with suppress(PaymentsError):
        payment_sessions.initialize(
            payment_collection_id=collection.pk,
            provider_id="pp_fake_fake",
            data={"on": "initiate", "outcome": "timeout_after"},
        )
    payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_system_default")
    return lambda _: worker.run_once()


def _split(till: Till, provider: FakeProvider) -> Act:
    session = till.session()
    return lambda key: split(session.payment_collection, tender("60"), tender("40"), idempotency_key=key)


def _pay_with_two(till: Till, provider: FakeProvider) -> Act:
    """What a storefront does: choose two sessions, then authorize them."""
    collection = till.collection()

    def pay(key: str | None) -> None:
        sessions = split(collection, tender("60"), tender("40"), idempotency_key=key)
        _authorize_all(sessions, key)

    return pay


def _authorize_several(till: Till, provider: FakeProvider) -> Act:
    sessions = split(till.collection(), tender("60"), tender("40"))
    return lambda key: _authorize_all(sessions, key)


def _authorize_all(sessions: list[PaymentSession], key: str | None) -> None:
    payment_sessions.authorize_sessions(
        payment_collection_id=sessions[0].payment_collection_id,
        payment_session_ids=[session.pk for session in sessions],
        idempotency_key=key,
    )


def _refresh_one_of_two(till: Till, provider: FakeProvider) -> Act:
    one, _ = split(till.collection(), tender("60"), tender("40"))
    return lambda key: payment_sessions.refresh(
        payment_collection_id=one.payment_collection_id, payment_session_id=one.pk, idempotency_key=key
    )


def _give_back_what_is_paid_in_part(till: Till, provider: FakeProvider) -> Act:
    one, _ = split(till.collection(), tender("60"), tender("40", "pp_system_default"))
    authorize(one)
    PaymentCollection.objects.update(resolve_by=timezone.now(), attention_at=timezone.now())
    return lambda _: worker.run_once()


def _refund_across_two(till: Till, provider: FakeProvider) -> Act:
    collection = till.collection()
    for session in split(collection, tender("60"), tender("40")):
        captures.capture(payment_id=authorize(session).payment.pk)
    return lambda key: collection_refunds.refund(
        payment_collection_id=collection.pk, amount=Decimal(50), idempotency_key=key
    )


SCENES = [
    Scene(name="create", arrange=_create, effects={}, takes_key=False),
    Scene(name="initialize", arrange=_initialize, effects={"authorize": []}),
    Scene(name="initialize_as_a_customer", arrange=_initialize_as_a_customer, effects={"authorize": []}),
    Scene(name="initialize_after_a_lost_account", arrange=_initialize_after_a_lost_account, effects={"authorize": []}),
    Scene(name="update", arrange=_update, effects={"authorize": []}),
    Scene(name="replace", arrange=_replace, effects={"initiate": [10000], "cancel": [0]}),
    Scene(name="authorize", arrange=_authorize, effects={"authorize": [10000]}),
    Scene(name="authorize_and_capture", arrange=_authorize_and_capture, effects={"authorize": [10000]}),
    Scene(name="capture", arrange=_capture, effects={"capture": [3000]}),
    Scene(name="refund", arrange=_refund, effects={"capture": [10000], "refund": [3000]}),
    Scene(name="cancel", arrange=_cancel, effects={"cancel": [10000]}),
    Scene(
        name="mark_as_paid",
        arrange=_mark_as_paid,
        effects={"authorize": [10000], "capture": [10000]},
        needs_key=True,
    ),
    Scene(name="delete", arrange=_delete, effects={"cancel": [0]}, takes_key=False),
    Scene(
        name="cancel_collection",
        arrange=_cancel_collection,
        effects={"capture": [3000], "cancel": [7000], "refund": [3000]},
        takes_key=False,
    ),
    Scene(name="webhook", arrange=_webhook, effects={"authorize": [10000]}, takes_key=False),
    Scene(name="look", arrange=_look, effects={"capture": [4000], "refund": [1000]}, takes_key=False),
    Scene(name="recover_a_capture", arrange=_recover_a_capture, effects={"capture": [3000]}, takes_key=False),
    Scene(
        name="carry_out_an_enqueued_refund",
        arrange=_carry_out_an_enqueued_refund,
        effects={"refund": [3000]},
        takes_key=False,
    ),
    Scene(name="split", arrange=_split, effects={"authorize": []}),
    Scene(
        name="pay_with_two",
        arrange=_pay_with_two,
        effects={"initiate": [6000, 4000], "authorize": [6000, 4000]},
        needs_key=True,
    ),
    Scene(name="authorize_several", arrange=_authorize_several, effects={"authorize": [6000, 4000]}),
    Scene(
        name="refresh_one_of_two",
        arrange=_refresh_one_of_two,
        effects={"initiate": [6000, 4000, 6000], "cancel": [0]},
        needs_key=True,
    ),
    Scene(
        name="give_back_what_is_paid_in_part",
        arrange=_give_back_what_is_paid_in_part,
        effects={"authorize": [6000], "cancel": [6000]},
        takes_key=False,
    ),
    Scene(name="refund_across_two", arrange=_refund_across_two, effects={"refund": [3000, 2000]}, needs_key=True),
    Scene(name="recover_an_orphan", arrange=_recover_an_orphan, effects={"initiate": [10000]}, takes_key=False),
]


def is_owed(known: set[str]) -> bool:
    """Say whether the caller of a movement of money that began since is still owed its answer, or began none: who was
    answered, and asks for the same without a key, means another one.
    """
    begun = Debt.objects.exclude(operation__in=known)
    return not begun.exists() or begun.filter(paid_at=None).exists()
