from django.db import migrations, models


class Migration(migrations.Migration):
    """An operation's keys at the provider: which one it has, and whether the provider repeats an error under it."""

    dependencies = [("medusa_payments", "0007_debts")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="key_number",
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name="key number"),
        ),
        migrations.AddField(
            model_name="operation",
            name="is_key_spent",
            field=models.BooleanField(default=False, editable=False, verbose_name="key is spent"),
        ),
    ]
