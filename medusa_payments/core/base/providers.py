"""Which provider a row was made with."""

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.exceptions import InvalidData, NotAllowed, PaymentsError
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers
from medusa_payments.states import OperationKind


def provider_for(row: PaymentSession | Payment | Operation) -> PaymentProvider:
    """Return the provider a row was made with: its alias, as long as that is configured for the row's account.

    Else another alias on the same account stands in, so that a payment method which isn't offered any more strands no
    money. Only what chooses the method (initiate, update) needs its own alias.

    Raises `InvalidData` when it isn't configured any more, `NotAllowed` when its alias now points to another account.
    """
    is_configured = row.provider_id in providers
    if is_configured and providers[row.provider_id].account == row.provider_account:
        return providers[row.provider_id]
    stand_in = None if _chooses_the_method(row) else next(providers.on_account(row.provider_account), None)
    if stand_in is not None:
        return stand_in
    if not is_configured:
        raise InvalidData(f"Payment provider {row.provider_id} is not configured.")
    raise NotAllowed(
        f"Payment provider {row.provider_id} is configured for another account than the one that "
        f"{row.pk} was made with ({row.provider_account})."
    )


def provider_if_any(row: PaymentSession | Payment | Operation) -> PaymentProvider | None:
    """As `provider_for`; None for one that isn't configured (any more), or wrongly."""
    try:
        return provider_for(row)
    except (PaymentsError, ImproperlyConfigured):
        return None


def _chooses_the_method(row: PaymentSession | Payment | Operation) -> bool:
    return isinstance(row, Operation) and row.kind in {OperationKind.INITIATE, OperationKind.UPDATE}
