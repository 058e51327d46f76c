"""The museum's page in the documentation: `python -m tests.acceptance.museum.scoreboard` writes `docs/museum.md`."""

import os
import sys
from pathlib import Path

import django

from tests.acceptance.museum.exhibits import ROOMS, Exhibit, catalogue

PAGE = Path(__file__).resolve().parents[3] / "docs" / "museum.md"

OPENING = """# The museum of bugs

What hurt users of payment systems in public, played again over HTTP. {count} scenarios for {threads} threads; each is a
test named after its thread, and all of them hold. By default they visit the demo shop on a test database:

```
make museum
```

They speak the contract only, so they can visit any other shop that does, Medusa itself included. Scenarios that need
more than HTTP say that they aren't runnable there: *steered* ones need a provider that can be told what to do, such as
`pp_fake_fake`; those with the *provider's side* play the provider too.

```
python -m pytest tests/acceptance/museum --allow-hosts=127.0.0.1 \\
    --museum-base-url=http://127.0.0.1:9000 --museum-publishable-key=pk_… \\
    --museum-email=admin@example.com --museum-password=… \\
    --museum-region-id=reg_… --museum-variant-id=variant_… --museum-quantity=10 --museum-provider-id=pp_system_default
```

The cart, `quantity` pieces of the variant, has to come to 100. That the scenarios can fail is tested as well: they
visit [a naive shop](../tests/acceptance/museum/naive_shop.py), which does what the threads complain of.

This page is generated: `python -m tests.acceptance.museum.scoreboard`.
"""

HEADING = "| Thread | what went wrong there | what holds here | test |\n|---|---|---|---|"

KINDS = {"steered": "steered", "provider": "provider's side"}


def render() -> str:
    """Return the page."""
    exhibits = catalogue()
    threads = {thread for each in exhibits for thread in each.threads}
    rooms = [f"## {title}\n\n{HEADING}\n{_rows(name, exhibits)}\n" for name, title in ROOMS.items()]
    return "\n".join([OPENING.format(count=len(exhibits), threads=len(threads)), *rooms])


def _rows(room: str, exhibits: list[Exhibit]) -> str:
    return "\n".join(_row(each) for each in exhibits if each.room == room)


def _row(each: Exhibit) -> str:
    path, _, name = each.test.partition("::")
    kinds = "".join(f" ({KINDS[need]})" for need in each.needs)
    return f"| {', '.join(map(_link, each.threads))} | {each.there} | {each.here} | [`{name}`](../{path}){kinds} |"


def _link(thread: str) -> str:
    repository, is_thread, number = thread.partition("#")
    return f"[{thread}](https://github.com/{repository}/issues/{number})" if is_thread else thread


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    PAGE.write_text(render())
    sys.stdout.write(f"{PAGE}\n")
