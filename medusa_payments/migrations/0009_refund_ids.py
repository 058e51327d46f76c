import django.db.models.deletion
from django.db import migrations, models

from medusa_payments.ids import new_id

CHUNK = 500


def name_refunds(apps, schema_editor):
    """Give every refund operation the id of its booked refund, or the one that it will have, and its reason."""
    alias = schema_editor.connection.alias
    Operation = apps.get_model("medusa_payments", "Operation").objects.using(alias)
    Refund = apps.get_model("medusa_payments", "Refund").objects.using(alias)
    RefundReason = apps.get_model("medusa_payments", "RefundReason").objects.using(alias)

    line = Refund.filter(operation=models.OuterRef("pk"))
    booked = Operation.filter(pk__in=Refund.filter(operation__isnull=False).values("operation"))
    booked.update(
        line_id=models.Subquery(line.values("pk")[:1]),
        line_ref=models.Subquery(line.values("provider_ref")[:1]),
        refund_reason=models.Subquery(line.values("refund_reason")[:1]),
    )
    reasons = set(RefundReason.values_list("pk", flat=True))
    rest = Operation.filter(kind="refund", line_id__isnull=True).only("pk", "intent").order_by("pk")
    while chunk := list(rest[:CHUNK]):
        for operation in chunk:
            asked = operation.intent.get("refund_reason_id")
            operation.line_id = new_id("ref")
            operation.refund_reason_id = asked if asked in reasons else None
        Operation.bulk_update(chunk, ["line_id", "refund_reason"])


class Migration(migrations.Migration):
    dependencies = [
        ("medusa_payments", "0008_provider_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="line_id",
            field=models.CharField(
                blank=True, editable=False, max_length=64, null=True, unique=True, verbose_name="refund"
            ),
        ),
        migrations.AddField(
            model_name="operation",
            name="line_ref",
            field=models.CharField(
                blank=True, editable=False, max_length=255, null=True, verbose_name="provider reference"
            ),
        ),
        migrations.AddField(
            model_name="operation",
            name="refund_reason",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="medusa_payments.refundreason",
                verbose_name="refund reason",
            ),
        ),
        migrations.RunPython(name_refunds, migrations.RunPython.noop),
    ]
