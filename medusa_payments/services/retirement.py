"""Taking a session out of its slot, and giving up its object at the provider."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.exceptions import PaymentsError
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.providers.types import CancelRequest
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention, events, operations
from medusa_payments.services.events import EventName
from medusa_payments.services.operations import Reservation
from medusa_payments.states import SessionStatus

logger = logging.getLogger(__name__)


def retire(
    collection: PaymentCollection, session: PaymentSession, *, cause: Operation | None = None, actor: str = ""
) -> list[Reservation]:
    """Make a session of a locked collection history; reserve its cancel at the provider, to be sent after commit."""
    session.slot = None
    session.replaced_at = timezone.now()
    session.updated_at = Now()
    session.save(force_update=True)
    events.record(
        collection,
        EventName.SESSION_REPLACED,
        operation=cause,
        actor=actor,
        payment_session_id=session.pk,
        replaced_by=cause.payment_session_id if cause else None,
    )
    attention.ask(collection, timezone.now() + attention.SHORTEST_WAIT)
    return reserve_cancel(session)


def retire_unpaid(collection: PaymentCollection, *, actor: str = "") -> list[Reservation]:
    """Retire the live sessions of a locked collection that have no payment."""
    unpaid = primary(PaymentSession).filter(payment_collection=collection, slot__isnull=False, payment__isnull=True)
    return [reservation for session in unpaid for reservation in retire(collection, session, actor=actor)]


def reserve_cancel(session: PaymentSession) -> list[Reservation]:
    """Reserve giving up a session's object, where there is one to give up and a provider to ask."""
    if session.provider_ref is None or session.status == SessionStatus.CANCELED:
        return []
    try:
        provider = operations.provider_for(session)
    except (PaymentsError, ImproperlyConfigured) as error:
        logger.warning("session %s can't be canceled at its provider: %s", session.pk, type(error).__name__)
        return []
    request = CancelRequest(idempotency_key=new_id("payop"), session_id=session.pk, provider_ref=session.provider_ref)
    reservation = operations.reserve(
        request=request, provider=provider, session=session, target=session.pk, open_slot=session.pk
    )
    return [reservation]
