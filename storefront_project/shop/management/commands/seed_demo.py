"""`manage.py seed_demo`: regions, products, refund reasons; with `DEBUG=1` an admin, a customer, a publishable key."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from medusa_payments.models import PublishableKey, RefundReason
from medusa_payments.services import publishable_keys, refund_reasons
from medusa_payments.testing.stripe_twin.configured import configured_twin
from storefront_project.shop import catalogue

ADMIN_EMAIL = "admin@example.com"
CUSTOMER_EMAIL = "customer@example.com"
PASSWORDS = {ADMIN_EMAIL: "admin", CUSTOMER_EMAIL: "customer"}
PUBLISHABLE_KEY = "pk_demo"
DELAYED_SECONDS = 8


class Command(BaseCommand):
    help = (
        "Fill the demo shop. Running it again changes nothing that a visitor made. Without DEBUG=1, it takes back the "
        "passwords and the key that everybody knows."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        catalogue.seed()
        if not RefundReason.objects.exists():
            refund_reasons.create_usual()
        if settings.IS_DEMO:
            self._open_to_everybody()
        else:
            self._close()

    def _open_to_everybody(self) -> None:
        publishable_keys.create(title="Demo", token=PUBLISHABLE_KEY)
        users = get_user_model().objects
        if not users.filter(username=ADMIN_EMAIL).exists():
            users.create_superuser(username=ADMIN_EMAIL, email=ADMIN_EMAIL, password=PASSWORDS[ADMIN_EMAIL])
        if not users.filter(username=CUSTOMER_EMAIL).exists():
            users.create_user(username=CUSTOMER_EMAIL, email=CUSTOMER_EMAIL, password=PASSWORDS[CUSTOMER_EMAIL])
        # Nobody who tries the demo waits a day for a debit.
        configured_twin().set_delays(payments=DELAYED_SECONDS, refunded=DELAYED_SECONDS)
        self.stdout.write(f"Publishable key {PUBLISHABLE_KEY}; admin {ADMIN_EMAIL} with password admin")

    def _close(self) -> None:
        """A database that was a demo's before still has what everybody knows."""
        for user in get_user_model().objects.filter(username__in=PASSWORDS):
            if user.check_password(PASSWORDS[user.get_username()]):
                user.set_unusable_password()
                user.save()
        for key in PublishableKey.objects.filter(token=PUBLISHABLE_KEY, revoked_at=None):
            publishable_keys.revoke(publishable_key_id=key.pk)
        self.stdout.write(
            "Regions, products and refund reasons. Make an admin with createsuperuser, and a key with "
            "payments_publishable_key create."
        )
