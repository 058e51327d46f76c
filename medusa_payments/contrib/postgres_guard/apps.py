from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PostgresGuardConfig(AppConfig):
    name = "medusa_payments.contrib.postgres_guard"
    label = "postgres_guard"
    verbose_name = _("Payments: guard of the ledger")

    def ready(self) -> None:
        from medusa_payments.contrib.postgres_guard import checks  # noqa: F401, PLC0415
