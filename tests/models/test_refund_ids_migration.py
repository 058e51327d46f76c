"""An upgrade gives every refund operation the id of its refund: the booked one's, else the one that it will have."""

from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Operation, Refund
from medusa_payments.services import refund_reasons, refunds
from tests.scripted import Script, declined
from tests.till import Till

pytestmark = pytest.mark.django_db

migration = import_module("medusa_payments.migrations.0009_refund_ids")


def test_every_refund_operation_gets_its_refunds_id(till: Till, script: Script) -> None:
    reason = refund_reasons.create(label="Dented", code="dented")
    payment = till.captured()
    refunds.refund(payment_id=payment.pk, amount=Decimal(10), refund_reason_id=reason.pk)
    pending = refunds.enqueue_refund(payment_id=payment.pk, amount=Decimal(20), refund_reason_id=reason.pk)
    script["refund"] = declined
    with pytest.raises(PaymentsError):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    Operation.objects.update(line_id=None, line_ref=None, refund_reason=None)

    migration.name_refunds(apps, SimpleNamespace(connection=connection))

    booked = Refund.objects.get()
    named = {operation.amount: operation for operation in Operation.objects.filter(kind="refund")}
    assert (named[1000].line_id, named[1000].line_ref, named[1000].refund_reason_id) == (
        booked.pk,
        booked.provider_ref,
        reason.pk,
    )
    assert pending is not None
    assert named[2000].line_id.startswith("ref_")
    assert named[2000].refund_reason_id == reason.pk
    assert named[3000].line_id.startswith("ref_")
    assert named[3000].refund_reason_id is None
    assert len({operation.line_id for operation in named.values()}) == 3
    assert not Operation.objects.exclude(kind="refund").filter(line_id__isnull=False).exists()
