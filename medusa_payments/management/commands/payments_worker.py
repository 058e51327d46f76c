import json
import signal
import threading
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from medusa_payments.services import worker
from medusa_payments.services.worker import BATCH, Report

SOMETHING_IS_LEFT = 1
A_PERSON_IS_NEEDED = 2


class Command(BaseCommand):
    help = (
        "Resolves unknown outcomes, applies webhooks, looks after collections, delivers events and erases what is old. "
        "With --once it exits with 0 when nothing is left, 1 when something will be tried again, 2 when only a person "
        "can go on. Without it, it runs until it is told to stop (SIGTERM, Ctrl-C). Safe on many machines at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one run, then exit")
        parser.add_argument("--dry-run", action="store_true", help="one run that changes nothing and says what is due")
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between two runs (5)")
        parser.add_argument("--limit", type=int, default=BATCH, help="rows per stage and run")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"] or options["dry_run"]:
            report = worker.run_once(is_dry_run=options["dry_run"], limit=options["limit"])
            self._print(report, options["format"])
            if not options["dry_run"]:
                raise SystemExit(_exit_code(report))
            return
        self._run_until_stopped(options)

    def _run_until_stopped(self, options: dict[str, Any]) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            close_old_connections()
            report = worker.run_once(limit=options["limit"])
            if report.done:
                self._print(report, options["format"])
                continue
            stop.wait(options["interval"])

    def _print(self, report: Report, output_format: str) -> None:
        if output_format == "json":
            totals = {"done": report.done, "left": report.left, "waiting": report.waiting}
            self.stdout.write(json.dumps(totals | {"stages": [asdict(stage) for stage in report.stages]}))
            return
        for stage in report.stages:
            self.stdout.write(
                f"{stage.name:<12} done {stage.done:>5}   left {stage.left:>5}   waiting {stage.waiting:>5}"
            )
            for note in stage.notes:
                self.stdout.write(f"  {note}")


def _exit_code(report: Report) -> int:
    if report.left:
        return SOMETHING_IS_LEFT
    return A_PERSON_IS_NEEDED if report.waiting else 0
