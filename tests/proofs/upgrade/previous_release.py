"""The previous release at work on a database: its models, with its columns and no others, whatever has been migrated.

    python -m tests.proofs.upgrade.previous_release fill COLLECTIONS
    python -m tests.proofs.upgrade.previous_release serve

`serve` goes on until its standard input is closed, and prints a line of JSON per round: `{}`, or what went wrong.
"""

# ruff: noqa: T201 -- it is there to print

import json
import os
import sys
import threading
import traceback
from itertools import count

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.apps.registry import Apps  # noqa: E402 -- after django.setup
from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.utils import timezone  # noqa: E402

from medusa_payments.testing.fake_ledger import FakeLedger  # noqa: E402
from medusa_payments.testing.month import make_month  # noqa: E402
from medusa_payments.testing.month.scenes import SCENES  # noqa: E402
from tests.proofs.upgrade.migrations import APP, LAST_OF_THE_PREVIOUS_RELEASE  # noqa: E402

A_FEW = 8
"""So many collections are told in a round; the next round goes on with other scenes."""

PAUSE_SECONDS = 0.2
"""Between two rounds, so that the upgrade gets on."""


def models_of_the_previous_release() -> Apps:
    """Return the models as they were: Django inserts, updates and selects exactly their columns."""
    return MigrationLoader(None).project_state((APP, LAST_OF_THE_PREVIOUS_RELEASE)).apps


def ledger() -> FakeLedger:
    path = settings.MEDUSA_PAYMENTS["PROVIDERS"]["pp_fake_fake"]["OPTIONS"]["ledger_path"]
    return FakeLedger(path, timeout_seconds=30)


def serve(apps: Apps) -> None:
    is_over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
    for number in count(1):
        if is_over.wait(PAUSE_SECONDS):
            return
        scenes = [SCENES[(number * A_FEW + place) % len(SCENES)] for place in range(A_FEW)]
        try:
            make_month(collections=A_FEW, seed=1_000 + number, apps=apps, ledger=ledger(), scenes=scenes)
            settle_a_capture(apps)
            read_everything(apps)
        except Exception:
            print(json.dumps({"error": traceback.format_exc()}), flush=True)
        else:
            print("{}", flush=True)


def settle_a_capture(apps: Apps) -> None:
    """Book a lost answer, as the previous release's worker does: every column of payment and operation is written."""
    models = {model.__name__: model for model in apps.get_app_config("medusa_payments").get_models()}
    with transaction.atomic(), ledger().transaction() as books:
        operation = models["Operation"].objects.filter(kind="capture", status="open", is_deferred=False).first()
        if operation is None:
            return
        movements = {each.idempotency_key: each for each in books.captures(operation.payment.provider_ref)}
        movement = movements.get(operation.pk)
        payment, collection = operation.payment, operation.payment_collection
        payment.capturing_amount -= operation.amount
        operation.status = "succeeded" if movement else "not_executed"
        operation.settled_at, operation.settled_by = timezone.now(), "read"
        if movement:
            payment.captured_amount += operation.amount
            collection.captured_amount += operation.amount
            models["Capture"].objects.create(
                payment=payment, operation=operation, amount=operation.amount, provider_ref=movement.ref
            )
        for row in (payment, operation, collection):
            row.save()


def read_everything(apps: Apps) -> None:
    for model in apps.get_app_config("medusa_payments").get_models():
        list(model.objects.order_by("-pk")[:100])


def main(command: str, collections: str = "0") -> None:
    apps = models_of_the_previous_release()
    connection.ensure_connection()
    if command == "fill":
        make_month(collections=int(collections), apps=apps, ledger=ledger())
    else:
        serve(apps)


if __name__ == "__main__":
    main(*sys.argv[1:])
