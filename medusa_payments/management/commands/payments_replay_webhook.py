import json
from argparse import ArgumentParser
from random import shuffle
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from medusa_payments.exceptions import PaymentsError
from medusa_payments.queries import webhook_events
from medusa_payments.services import webhooks


class Command(BaseCommand):
    help = (
        "Applies events of the webhook inbox again, and prints what each one changed; with --dry-run what it would "
        "change. An event that was applied changes nothing. Exits with 1 when one could not be replayed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", nargs="*", help="ids of rows in the inbox (whevt_…)")
        parser.add_argument("--all", action="store_true", help="the whole inbox, in random order")
        parser.add_argument("--dry-run", action="store_true", help="change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["event"]) == options["all"]:
            raise CommandError("Name the events to replay, or say --all.")
        ids = list(options["event"])
        if options["all"]:
            ids = webhook_events.replayable_ids()
            shuffle(ids)
        counts = [self._replay(event_id, is_dry_run=options["dry_run"]) for event_id in ids]
        changes = sum(filter(None, counts))
        self.stdout.write(f"{len(ids)} events, {changes} changes{' would follow' if options['dry_run'] else ''}.")
        if None in counts:
            raise CommandError(f"{counts.count(None)} events could not be replayed.")

    def _replay(self, event_id: str, *, is_dry_run: bool) -> int | None:
        """Return how much an event changed; None where it can't be replayed, which keeps no other one waiting."""
        try:
            converged = webhooks.replay(event_id, is_dry_run=is_dry_run)
        except PaymentsError as error:
            self.stderr.write(f"{event_id} {error.message}")
            return None
        for change in converged.changes:
            self.stdout.write(f"{event_id} {change.name} {json.dumps(change.data, default=str)}")
        if converged.problem:
            self.stdout.write(f"{event_id} {converged.problem}")
        return len(converged.changes)
