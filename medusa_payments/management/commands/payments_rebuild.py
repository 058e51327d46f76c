from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from medusa_payments.services import rebuild


class Command(BaseCommand):
    help = (
        "Stores status and totals of all collections anew from sessions and payments. With --check nothing is changed: "
        "also the counters of payments are compared with their ledger lines, and the exit status is 1 when something "
        "differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 when something differs")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(f"{rebuild.rebuild()} collections were different.")
            return
        count = 0
        for found in rebuild.check():
            count += 1
            self.stdout.write(f"{found.row} {found.column}: stored {found.stored}, facts say {found.computed}")
        self.stdout.write(f"{count} differences.")
        if count:
            raise SystemExit(1)
