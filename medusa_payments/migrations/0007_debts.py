from datetime import timedelta

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models.functions import Now

import medusa_payments.models.fields

PLAN = "collection-refund_"
"""Begins the keys of refunds across the payments of a collection that were asked for without a key."""


def owe_what_was_not_answered(apps, schema_editor):
    """Who asked without a key and may not have been answered is owed the answer; one per refund across payments."""
    using = schema_editor.connection.alias
    Operation = apps.get_model("medusa_payments", "Operation")
    Debt = apps.get_model("medusa_payments", "Debt")
    asked = Operation.objects.using(using).filter(kind__in=["capture", "refund"], is_deferred=False)
    alive = asked.exclude(created_by="worker").filter(
        models.Q(status="open") | models.Q(settled_at__gt=Now() - timedelta(hours=24))
    )
    unanswered = alive.filter(idempotency_key=None, answered_at=None)
    # A part that could not be sent counted as answered, and was sent by who repeated the whole.
    parts = alive.filter(idempotency_key__startswith=PLAN).filter(
        models.Q(answered_at=None) | models.Q(status="not_executed")
    )
    plans = set(parts.values_list("idempotency_key", flat=True))
    firsts = {}
    for part in asked.filter(idempotency_key__in=plans).order_by("-id"):
        firsts[part.idempotency_key] = part
    for operation in [*unanswered, *firsts.values()]:
        # v1 named the reason by its code, which tells one request from another whatever became of the reason.
        code = (operation.intent.get("metadata") or {}).get("reason")
        if code:
            operation.intent["refund_reason_code"] = code
            operation.save(update_fields=["intent"])
        Debt.objects.using(using).create(operation_id=operation.pk, who=operation.created_by)


class Migration(migrations.Migration):
    dependencies = [
        ("medusa_payments", "0006_account_holder_requests"),
    ]

    operations = [
        migrations.CreateModel(
            name="Debt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("who", models.CharField(blank=True, default="", max_length=255, verbose_name="who")),
                ("incurred_at", medusa_payments.models.fields.DatabaseTimeField(verbose_name="incurred at")),
                ("back_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="back at")),
                ("handed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="handed at")),
                ("paid_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paid at")),
                ("is_doubtful", models.BooleanField(default=False, editable=False, verbose_name="doubtful")),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="debts",
                        to="medusa_payments.operation",
                        verbose_name="operation",
                    ),
                ),
            ],
            options={"verbose_name": "debt", "verbose_name_plural": "debts"},
        ),
        migrations.RunPython(owe_what_was_not_answered, migrations.RunPython.noop),
        migrations.RemoveField(model_name="operation", name="answered_at"),
    ]
