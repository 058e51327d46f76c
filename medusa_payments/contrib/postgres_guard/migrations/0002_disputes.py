from django.db import migrations

from medusa_payments.contrib.postgres_guard import triggers


class Migration(migrations.Migration):
    dependencies = [("postgres_guard", "0001_triggers"), ("medusa_payments", "0004_disputes")]

    operations = [migrations.RunPython(triggers.run(triggers.create, 2), triggers.run(triggers.drop, 2))]
