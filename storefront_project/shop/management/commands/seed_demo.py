"""`manage.py seed_demo`: regions, products, refund reasons, an admin, a customer and a publishable key."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from medusa_payments.models import RefundReason
from medusa_payments.services import publishable_keys, refund_reasons
from medusa_payments.testing.stripe_twin.configured import configured_twin
from storefront_project.shop import catalogue

ADMIN_EMAIL = "admin@example.com"
CUSTOMER_EMAIL = "customer@example.com"
PUBLISHABLE_KEY = "pk_demo"
DELAYED_SECONDS = 8


class Command(BaseCommand):
    help = "Fill the demo shop. Running it again changes nothing that a visitor made."

    def handle(self, *_args: Any, **_options: Any) -> None:
        catalogue.seed()
        publishable_keys.create(title="Demo", token=PUBLISHABLE_KEY)
        if not RefundReason.objects.exists():
            refund_reasons.create_usual()
        users = get_user_model().objects
        if not users.filter(username=ADMIN_EMAIL).exists():
            users.create_superuser(username=ADMIN_EMAIL, email=ADMIN_EMAIL, password="admin")  # noqa: S106
        if not users.filter(username=CUSTOMER_EMAIL).exists():
            users.create_user(username=CUSTOMER_EMAIL, email=CUSTOMER_EMAIL, password="customer")  # noqa: S106
        # Nobody who tries the demo waits a day for a debit.
        configured_twin().set_delays(payments=DELAYED_SECONDS, refunded=DELAYED_SECONDS)
        self.stdout.write(f"Publishable key {PUBLISHABLE_KEY}; admin {ADMIN_EMAIL} with password admin")
