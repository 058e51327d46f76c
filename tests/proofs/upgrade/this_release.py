"""The new release takes over: it finds out what the previous one left open, and compares all books.

    python -m tests.proofs.upgrade.this_release

Prints JSON: the operations that stay open, what doesn't follow from its facts, and what reconciliation finds.
"""

# ruff: noqa: T201 -- it is there to print

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from medusa_payments.core.reconciliation.run import Scope, reconcile  # noqa: E402
from medusa_payments.models import Operation  # noqa: E402 -- after django.setup
from medusa_payments.services import rebuild  # noqa: E402
from tests import audit  # noqa: E402


def main() -> None:
    was_open = Operation.objects.filter(status="open").count()
    audit.recover()
    left = Operation.objects.filter(status="open")
    report = {
        "was_open": was_open,
        "open": [f"{operation.kind} {operation.pk}: {operation.error_message}" for operation in left],
        "differences": [f"{each.row} {each.column}" for each in rebuild.check()],
        "drift": [str(drift) for drift in reconcile(Scope(provider_id="pp_fake_fake"))],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
