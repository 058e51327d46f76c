from django.db import migrations

from medusa_payments.contrib.postgres_guard import triggers


class Migration(migrations.Migration):
    dependencies = [("medusa_payments", "0002_exactly_once")]

    operations = [migrations.RunPython(triggers.run(triggers.create, 1), triggers.run(triggers.drop, 1))]
