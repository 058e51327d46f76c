"""Asking a provider what it has. Changes nothing anywhere; no transaction is open and no lock is held."""

import logging
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.core.base import calls
from medusa_payments.core.base.providers import provider_for
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.providers import cleaning
from medusa_payments.providers.errors import ProviderError
from medusa_payments.providers.facts import PaymentSnapshot, RetrieveRequest
from medusa_payments.queries.primary import primary

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`as_of` is how many events the session's collection had before the provider was asked."""

    snapshot: PaymentSnapshot
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The provider has no such object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Nothing is known. `is_temporary`: asking again may help; otherwise this provider can't be asked at all."""

    message: str
    is_temporary: bool


Reading = Found | Absent | Unreadable


def read(session: PaymentSession) -> Reading:
    """Ask the provider for a session's payment object. Never raises."""
    try:
        provider = provider_for(session)
    except (PaymentsError, ImproperlyConfigured) as error:
        return Unreadable(message=str(error), is_temporary=True)
    capabilities = provider.capabilities
    if not capabilities.can_retrieve or not (session.provider_ref or capabilities.finds_by_session):
        return Unreadable(message=f"{session.provider_id} can't be asked for {session.pk}.", is_temporary=False)
    as_of = primary(PaymentCollection).values_list("event_count", flat=True).get(pk=session.payment_collection_id)
    try:
        request = RetrieveRequest(session_id=session.pk, provider_ref=session.provider_ref)
        snapshot = calls.call(provider, lambda: provider.retrieve(request))
    except ProviderError as error:
        return Unreadable(message=error.message, is_temporary=True)
    except Exception as error:
        calls.log_exception(f"session {session.pk}: reading it at its provider", error)
        return Unreadable(message=f"{type(error).__name__} in {session.provider_id}", is_temporary=True)
    if snapshot is None:
        return Absent()
    reason = misfit(snapshot)
    if reason:
        return Unreadable(message=f"{session.provider_id} answered with {reason}", is_temporary=True)
    return Found(snapshot=snapshot, as_of=as_of)


def misfit(snapshot: Any) -> str:
    """Say why nothing can be booked from what a provider has; "" when it can. Such an answer is none."""
    if not isinstance(snapshot, PaymentSnapshot):
        return type(snapshot).__name__
    if not cleaning.is_usable(snapshot.provider_ref):
        return "no usable reference"
    return cleaning.misfit(snapshot)
