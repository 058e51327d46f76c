"""Carrying out an operation: what is let go of, and by whom."""

from decimal import Decimal

import pytest

from medusa_payments.core.books import book as books
from medusa_payments.core.saga import operations, run
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment
from medusa_payments.services import captures
from tests.till import Till

pytestmark = pytest.mark.django_db


def test_who_was_overtaken_withdraws_nothing(till: Till) -> None:
    payment = till.authorized(on="capture", outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
    stale = Operation.objects.get(kind="capture")
    with books.opened(payment.payment_collection_id) as book:
        known = book.operation(stale.pk)
        assert known is not None
        operations.resume(book, known)

    run.withdraw([Reservation(operation=stale)])

    assert Operation.objects.get(pk=stale.pk).status == "open"
    assert Payment.objects.get(pk=payment.pk).capturing_amount == 3000
