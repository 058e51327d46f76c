"""What a verb reserves: the operation that captures, refunds, releases or cancels, added to a book.

Amounts are minor units, and were checked by who asks.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books.book import Book
from medusa_payments.core.saga import operations
from medusa_payments.core.saga.operations import CallerKey, Reservation
from medusa_payments.exceptions import PaymentsError
from medusa_payments.ids import new_id
from medusa_payments.models import Payment, PaymentSession, RefundReason
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import CancelRequest, CaptureRequest, RefundRequest
from medusa_payments.states import SessionStatus

logger = logging.getLogger(__name__)


def capture(
    book: Book,
    payment: Payment,
    provider: PaymentProvider,
    *,
    amount: int,
    requested: int | None = None,
    caller: CallerKey | None = None,
    created_by: str = "",
    is_deferred: bool = False,
) -> Reservation:
    """Reserve the capture of `amount`."""
    request = CaptureRequest(
        idempotency_key=new_id("payop"),
        session_id=payment.payment_session_id,
        payment_id=payment.pk,
        provider_ref=payment.provider_ref,
        money=Money(minor_units=amount, currency_code=payment.currency_code),
        # While another capture is in flight this one isn't the end: that one may fail.
        is_final=payment.capturable_amount == amount and payment.capturing_amount == 0,
    )
    return operations.reserve(
        book,
        request=request,
        provider=provider,
        session=payment.payment_session,
        payment=payment,
        target=payment.pk,
        caller=caller,
        amount=amount,
        requested_amount=requested,
        created_by=created_by,
        is_deferred=is_deferred,
    )


def refund(
    book: Book,
    payment: Payment,
    provider: PaymentProvider,
    *,
    amount: int,
    requested: int | None = None,
    reason: RefundReason | None = None,
    note: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    intent: Mapping[str, Any] = MappingProxyType({}),
    caller: CallerKey | None = None,
    created_by: str = "",
    is_deferred: bool = False,
) -> Reservation:
    """Reserve the refund of `amount`. `intent`: what else tells it from other refunds.

    The refund has its final id from now on.
    """
    request = RefundRequest(
        idempotency_key=new_id("payop"),
        session_id=payment.payment_session_id,
        payment_id=payment.pk,
        provider_ref=payment.provider_ref,
        money=Money(minor_units=amount, currency_code=payment.currency_code),
        reason_code=reason.code if reason else None,
    )
    intent = {
        **intent,
        "refund_reason_id": reason.pk if reason else None,
        "note": note,
        **({"metadata": dict(metadata)} if metadata is not None else {}),
    }
    return operations.reserve(
        book,
        request=request,
        provider=provider,
        session=payment.payment_session,
        payment=payment,
        target=payment.pk,
        caller=caller,
        amount=amount,
        requested_amount=requested,
        intent=intent,
        line_id=new_id("ref"),
        refund_reason=reason,
        created_by=created_by,
        is_deferred=is_deferred,
    )


def release(
    book: Book,
    payment: Payment,
    provider: PaymentProvider,
    *,
    amount: int,
    caller: CallerKey | None = None,
    created_by: str = "",
    is_deferred: bool = False,
) -> Reservation:
    """Reserve the release of `amount`, all that a payment still holds uncaptured."""
    request = CancelRequest(
        idempotency_key=new_id("payop"), session_id=payment.payment_session_id, provider_ref=payment.provider_ref
    )
    return operations.reserve(
        book,
        request=request,
        provider=provider,
        session=payment.payment_session,
        payment=payment,
        target=payment.pk,
        caller=caller,
        amount=amount,
        open_slot=payment.pk,
        created_by=created_by,
        is_deferred=is_deferred,
    )


def cancel_object(book: Book, session: PaymentSession) -> list[Reservation]:
    """Reserve the cancel of a session's object, where there is one to cancel and a provider to ask."""
    if session.provider_ref is None or session.status == SessionStatus.CANCELED:
        return []
    try:
        provider = provider_for(session)
    except (PaymentsError, ImproperlyConfigured) as error:
        logger.warning("session %s can't be canceled at its provider: %s", session.pk, type(error).__name__)
        return []
    request = CancelRequest(idempotency_key=new_id("payop"), session_id=session.pk, provider_ref=session.provider_ref)
    reservation = operations.reserve(
        book, request=request, provider=provider, session=session, target=session.pk, open_slot=session.pk
    )
    return [reservation]


def cancel_freed_objects(book: Book) -> list[Reservation]:
    """Reserve the cancels of the objects that lost their place in this book."""
    freed, book.freed = book.freed, []
    return [reservation for session in freed for reservation in cancel_object(book, session)]
