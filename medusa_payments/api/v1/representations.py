"""Documents in the v1 shape."""

from typing import Any

from medusa_payments.queries import PaymentSession, payment_sessions
from medusa_payments.states import SessionStatus

_PROVIDER_NAMES = {"pp_system_default": "manual", "pp_stripe_stripe": "stripe"}

_STATUSES = {
    SessionStatus.CAPTURED.value: SessionStatus.AUTHORIZED.value,
    SessionStatus.PENDING_AUTHORIZATION.value: SessionStatus.PENDING.value,
}


def payment_session(session: PaymentSession) -> dict[str, Any]:
    """Return a session as v1 shows it: whole minor units, v1's provider names and its five statuses."""
    return {
        "id": session.pk,
        "cart_id": None,
        "provider_id": provider_name(session.provider_id),
        "is_selected": None,
        "is_initiated": True,
        "amount": session.amount,
        "payment_authorized_at": session.authorized_at,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "status": _STATUSES.get(session.status, session.status),
        "data": payment_sessions.public_data(session),
        "idempotency_key": None,
    }


def provider_name(provider_id: str) -> str:
    """Return v1's name of a provider (`pp_stripe_stripe` -> `stripe`)."""
    return _PROVIDER_NAMES.get(provider_id, provider_id.removeprefix("pp_"))
