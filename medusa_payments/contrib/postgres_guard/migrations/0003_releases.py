from django.db import migrations

from medusa_payments.contrib.postgres_guard import triggers


class Migration(migrations.Migration):
    dependencies = [("postgres_guard", "0002_disputes"), ("medusa_payments", "0011_releases")]

    operations = [migrations.RunPython(triggers.run(triggers.create, 3), triggers.run(triggers.drop, 3))]
