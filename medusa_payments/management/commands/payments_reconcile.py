import json
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware

from medusa_payments.exceptions import PaymentsError
from medusa_payments.services.reconciliation import Drift, Scope, fix, reconcile, scopes

DRIFT_WAS_FOUND = 1
NOT_ALL_WAS_COMPARED = 2


class Command(BaseCommand):
    help = (
        "Compares the providers' books with ours and lists every difference by its kind. Exits with 0 when there is "
        "none, 1 when there is, 2 when a provider could not be compared. --fix books what providers have, and freezes "
        "payments of which we believe more than the provider has."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", help="only this one (its alias)")
        parser.add_argument("--since", help="only what was made or changed since this date or time (ISO 8601)")
        parser.add_argument("--fix", action="store_true", help="do what can be done about each difference")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[dict[str, Any]] = []
        not_compared: list[str] = []
        for scope in self._scopes(options):
            try:
                found += [self._row(drift, options["fix"]) for drift in list(reconcile(scope, progress=self._progress))]
            except (PaymentsError, ImproperlyConfigured) as error:
                not_compared.append(f"{scope.provider_id}: {error}")
        self._print(found, not_compared, options["format"])
        if not_compared:
            raise SystemExit(NOT_ALL_WAS_COMPARED)
        if found:
            raise SystemExit(DRIFT_WAS_FOUND)

    def _scopes(self, options: dict[str, Any]) -> list[Scope]:
        since = self._moment(options["since"])
        if options["provider"]:
            return [Scope(provider_id=options["provider"], since=since)]
        comparable, silent = scopes(since)
        for alias in silent:
            self.stderr.write(f"{alias}: not compared, it has no books of its own to list.")
        return comparable

    def _moment(self, text: str | None) -> Any:
        if text is None:
            return None
        try:
            moment = parse_datetime(text) or (parse_datetime(f"{text}T00:00:00") if parse_date(text) else None)
        except ValueError:  # It looks like a date, and there is none such.
            moment = None
        if moment is None:
            message = f"--since must be a date or time in ISO 8601, not '{text}'."
            raise CommandError(message, returncode=NOT_ALL_WAS_COMPARED)
        return make_aware(moment) if is_naive(moment) else moment

    def _row(self, drift: Drift, is_to_be_fixed: bool) -> dict[str, Any]:
        row = {**asdict(drift), "kind": drift.kind.value}
        return row | ({"fix": fix(drift)} if is_to_be_fixed else {})

    def _progress(self, alias: str, count: int) -> None:
        self.stderr.write(f"{alias}: {count} compared")

    def _print(self, found: list[dict[str, Any]], not_compared: list[str], output_format: str) -> None:
        if output_format == "json":
            self.stdout.write(json.dumps({"drift": found, "not_compared": not_compared}, default=str))
            return
        for row in found:
            sides = f"ours {dict(row['ours'])} theirs {dict(row['theirs'])}"
            self.stdout.write(
                f"{row['kind']:<24} {row['session_id'] or row['provider_ref']} {sides} {row.get('fix', '')}"
            )
        for kind, count in sorted(Counter(row["kind"] for row in found).items()):
            self.stdout.write(f"{count:>6} {kind}")
        for reason in not_compared:
            self.stdout.write(f"not compared: {reason}")
        self.stdout.write(f"{len(found)} differences.")
