from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MedusaPaymentsConfig(AppConfig):
    name = "medusa_payments"
    label = "medusa_payments"
    verbose_name = _("Payments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from medusa_payments import checks, redaction  # noqa: F401, PLC0415

        redaction.redact_django_logs()
