"""Shortcuts to collections that are split among several sessions."""

from decimal import Decimal
from typing import Any

from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.services import payment_sessions
from medusa_payments.services.payment_sessions import SessionChoice

FAKE = "pp_fake_fake"


def tender(amount: str, provider_id: str = FAKE, keep: PaymentSession | None = None, **data: Any) -> SessionChoice:
    """A choice of a part of the amount; `keep` is the live session that is to have it."""
    return SessionChoice(
        provider_id=provider_id,
        amount=Decimal(amount),
        data=data or None,
        payment_session_id=keep.pk if keep else None,
    )


def split(
    collection: PaymentCollection, *tenders: SessionChoice, idempotency_key: str | None = None
) -> list[PaymentSession]:
    return payment_sessions.set_sessions(
        payment_collection_id=collection.pk, sessions=tenders, idempotency_key=idempotency_key
    )


def live_amounts() -> list[int]:
    """The amounts (minor units) of the live sessions, in the customer's order."""
    live = PaymentSession.objects.filter(slot__isnull=False).order_by("slot")
    return list(live.values_list("amount", flat=True))
