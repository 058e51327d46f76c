"""What the commands for keys share: verbs, output for people and for programs, refusals as exit status 1."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from medusa_payments.exceptions import PaymentsError

Document = dict[str, Any]


class KeyCommand(BaseCommand):
    """`verbs` names the methods that may be called, each with its help text.

    A verb returns a document, or a list of them, and says in `text` how people read one. A method
    `add_<verb>_arguments(parser)` declares its own arguments.
    """

    verbs: ClassVar[Mapping[str, str]] = {}

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="verb", required=True)
        for name, text in self.verbs.items():
            verb = verbs.add_parser(name, help=text, description=text)
            verb.add_argument("--format", choices=["text", "json"], default="text", help="Output format.")
            add_own: Callable[[CommandParser], None] | None = getattr(self, f"add_{name}_arguments", None)
            if add_own is not None:
                add_own(verb)

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        try:
            answer = getattr(self, verb)(**options)
        except PaymentsError as error:
            raise CommandError(error.message) from error
        if options["format"] == "json":
            self.stdout.write(json.dumps(answer, cls=DjangoJSONEncoder, indent=2))
        elif isinstance(answer, list):
            self.stdout.write(_table(answer))
        else:
            self.write_text(verb, answer)

    def write_text(self, verb: str, document: Document) -> None:
        """Write one document: a new token alone, so that `$(…)` catches it, and all else beside it."""
        if verb == "revoke":
            self.stdout.write(f"Revoked {document['id']}.")
            return
        self.stdout.write(document["token"])
        self.stderr.write(self.note(document))

    def note(self, document: Document) -> str:
        """Say what to know about a new key."""
        raise NotImplementedError

    def add_revoke_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="Id of the key (apk_…), as `list` shows it.")

    def add_rotate_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="Id of the key (apk_…), as `list` shows it.")
        parser.add_argument(
            "--overlap", type=int, default=0, metavar="SECONDS", help="How long the old key is kept valid."
        )


def _table(documents: Sequence[Document]) -> str:
    """Return rows in aligned columns, headed by the documents' keys."""
    if not documents:
        return "There are no keys."
    rows = [list(documents[0]), *([_cell(value) for value in document.values()] for document in documents)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
