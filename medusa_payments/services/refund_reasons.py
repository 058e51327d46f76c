"""Why money is given back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, router, transaction
from django.db.models.functions import Now

from medusa_payments.exceptions import DuplicateError, NotFound
from medusa_payments.models import RefundReason
from medusa_payments.queries.primary import primary
from medusa_payments.services import texts

USUAL_REASONS = (
    ("shipping_issue", "Shipping Issue", "The delivery was late, lost or misdirected."),
    ("customer_care_adjustment", "Customer Care Adjustment", "A goodwill refund or compensation."),
    ("pricing_error", "Pricing Error", "The customer was charged too much."),
)
"""Code, label and description of the reasons that most shops need."""


class Changes(TypedDict, total=False):
    """What can be changed of a refund reason."""

    label: str
    code: str
    description: str | None


def create(*, label: str, code: str, description: str | None = None) -> RefundReason:
    """Make a refund reason.

    Raises `DuplicateError` when a live one has this code, `InvalidData` for a card number or a secret key.
    """
    texts.refuse_sensitive(label, code, description)
    with _unique(code):
        return primary(RefundReason).create(label=label, code=code, live_code=code, description=description)


def update(*, refund_reason_id: str, **changes: Unpack[Changes]) -> RefundReason:
    """Change what is given of a refund reason.

    Raises `NotFound` (also when it was deleted), `DuplicateError`, `InvalidData` (a card number or a secret key).
    """
    texts.refuse_sensitive(changes.get("label"), changes.get("code"), changes.get("description"))
    values: dict[str, Any] = {**changes}
    if "code" in values:
        values["live_code"] = values["code"]
    live = primary(RefundReason).filter(pk=refund_reason_id, deleted_at__isnull=True)
    with _unique(values.get("code")):
        if not live.update(**values, updated_at=Now()):
            raise NotFound(f'RefundReason with id "{refund_reason_id}" not found')
    return primary(RefundReason).get(pk=refund_reason_id)


def delete(*, refund_reason_id: str) -> None:
    """Make a reason unavailable for new refunds; old refunds keep it.

    Raises `NotFound` (also when it was deleted before).
    """
    live = primary(RefundReason).filter(pk=refund_reason_id, deleted_at__isnull=True)
    if not live.update(deleted_at=Now(), updated_at=Now(), live_code=None):
        raise NotFound(f'RefundReason with id "{refund_reason_id}" not found')


def create_usual() -> list[RefundReason]:
    """Make those of the three usual reasons whose code isn't in use; return what was made."""
    taken = set(primary(RefundReason).filter(deleted_at__isnull=True).values_list("code", flat=True))
    return [
        create(label=label, code=code, description=description)
        for code, label, description in USUAL_REASONS
        if code not in taken
    ]


@contextmanager
def _unique(code: str | None) -> Iterator[None]:
    try:
        with transaction.atomic(using=router.db_for_write(RefundReason)):
            yield
    except IntegrityError as error:
        raise DuplicateError(f"Refund reason with code: {code}, already exists.") from error
