"""The catalogue of the museum: which scenario stands for which complaint, and what is promised instead."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).parent

TestT = TypeVar("TestT", bound=Callable[..., object])


@dataclass(frozen=True)
class Exhibit:
    """One complaint: the room it hangs in, the public threads, what went wrong there and what holds here."""

    room: str
    threads: tuple[str, ...]
    there: str
    here: str
    test: str
    needs: tuple[str, ...] = ()


EXHIBITS: list[Exhibit] = []


def exhibit(*threads: str, there: str, here: str) -> Callable[[TestT], TestT]:
    """Put a scenario into the catalogue. The first thread is the one in its name."""

    def hang(test: TestT) -> TestT:
        room = test.__module__.rpartition(".")[2]
        name = f"tests/acceptance/museum/{room}.py::{test.__name__}"
        needs = tuple(each for each in signature(test).parameters if each in NEEDS)
        EXHIBITS.append(Exhibit(room.removeprefix("test_"), threads, there, here, name, needs))
        return test

    return hang


NEEDS = {
    "steered": "a provider that can be told what to do",
    "provider": "the provider's own side",
}
"""What a scenario needs beyond HTTP to a shop, by the fixture that gives it."""


def catalogue() -> list[Exhibit]:
    """Return all exhibits, room by room."""
    for module in sorted(HERE.glob("test_*.py")):
        import_module(f"tests.acceptance.museum.{module.stem}")
    return sorted(EXHIBITS, key=lambda each: list(ROOMS).index(each.room))


ROOMS = {
    "duplicates": "Done twice, or undone wrongly",
    "lost_payments": "Lost and stuck payments",
    "repeats": "Repeats and races",
    "sessions": "Sessions, and carts that change",
    "arithmetic": "Arithmetic",
    "features": "What users missed",
    "django_apps": "What users of Django apps met",
    "probes": "Ten at once: the peer, measured",
}
