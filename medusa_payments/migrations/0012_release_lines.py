"""Write the lines of the releases that are counted already. Doing it again changes nothing, and goes on where it was."""

from collections import defaultdict

from django.db import migrations, transaction
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from medusa_payments.providers import cleaning

CHUNK = 100

TOLD_BY = ("payment.released", "payment.canceled", "payment.authorization_expired")


def write_lines(apps, schema_editor):
    """Write one line for each event that tells of a release, and one for the rest of what a payment counts.

    A payment whose events tell of more than it counts gets none: `payments_rebuild --check` reports it.
    """
    alias = schema_editor.connection.alias
    Payment = apps.get_model("medusa_payments", "Payment").objects.using(alias)
    Release = apps.get_model("medusa_payments", "Release").objects.using(alias)
    lines = Release.filter(payment=OuterRef("pk")).order_by().values("payment").annotate(total=Sum("amount"))
    lacking = Payment.annotate(booked=Coalesce(Subquery(lines.values("total")), 0))
    lacking = lacking.filter(released_amount__gt=F("booked")).order_by("pk").values_list("pk", flat=True)
    last = ""
    while chunk := list(lacking.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1]
        with transaction.atomic(using=alias):
            _write_chunk(apps, alias, chunk)


def _write_chunk(apps, alias, payment_ids):
    """Read what is counted and what is told with the collections locked: processes may be releasing meanwhile."""
    Collection, Event, Operation, Payment, Release = (
        apps.get_model("medusa_payments", name).objects.using(alias)
        for name in ("PaymentCollection", "Event", "Operation", "Payment", "Release")
    )
    of_payments = Payment.filter(pk__in=payment_ids).values("payment_collection")
    collection_ids = sorted({row["payment_collection"] for row in of_payments})
    # All processes lock one collection and no more, so many can be locked without a deadlock.
    list(Collection.filter(pk__in=collection_ids).order_by("pk").select_for_update().values_list("pk"))
    told, booked = defaultdict(list), defaultdict(list)
    for event in Event.filter(payment_collection__in=collection_ids, name__in=TOLD_BY).order_by("number"):
        told[event.data["payment_id"]].append(event)
    for line in Release.filter(payment__in=payment_ids):
        booked[line.payment_id].append(line)
    actors = dict(Operation.filter(payment_collection__in=collection_ids).values_list("pk", "created_by"))
    new = []
    for payment in Payment.filter(pk__in=payment_ids).order_by("pk"):
        new += _lines_of(Release.model, payment, told[payment.pk], booked[payment.pk], actors)
    Release.bulk_create(new)


def _lines_of(Release, payment, events, booked, actors):
    operations = {line.operation_id for line in booked if line.operation_id}
    references = {line.provider_ref for line in booked if line.provider_ref}
    new = []
    for event in events:
        amount = event.data["amount"]
        reference = None if event.operation_id else _reference(payment, event.data.get("released_amount", amount))
        is_booked = event.operation_id in operations if event.operation_id else reference in references
        if not amount or is_booked:
            continue
        operations.add(event.operation_id)
        references.add(reference)
        new.append(
            Release(
                payment=payment,
                operation_id=event.operation_id,
                amount=amount,
                provider_ref=reference,
                created_by=actors[event.operation_id] if event.operation_id else "provider",
                created_at=event.created_at,
            )
        )
    rest = payment.released_amount - sum(line.amount for line in (*booked, *new))
    if rest < 0:
        return []
    if rest:
        # What no event tells came before those that do, or after them: one of the totals isn't taken.
        totals = (_reference(payment, total) for total in (rest, payment.released_amount))
        free = [reference for reference in totals if reference not in references]
        new += [Release(payment=payment, amount=rest, provider_ref=each, created_by="migration") for each in free[:1]]
    return new


def _reference(payment, total):
    return cleaning.reference(f"{payment.provider_ref}:released:{total}")


class Migration(migrations.Migration):
    # Each chunk commits by itself: no collection is locked for long, and what was interrupted goes on where it was.
    atomic = False

    dependencies = [("medusa_payments", "0011_releases")]

    operations = [migrations.RunPython(write_lines, migrations.RunPython.noop, elidable=True)]
