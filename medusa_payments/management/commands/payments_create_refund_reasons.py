"""`manage.py payments_create_refund_reasons`: the refund reasons that most shops need."""

from typing import Any

from django.core.management.base import BaseCommand

from medusa_payments.services import refund_reasons


class Command(BaseCommand):
    help = "Create the usual refund reasons. Those whose code is in use are left as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        created = refund_reasons.create_usual()
        for reason in created:
            self.stdout.write(f"Created {reason.code}: {reason.label}")
        if not created:
            self.stdout.write("All usual refund reasons exist already.")
