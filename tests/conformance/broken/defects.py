"""What broken providers are made of, and the list of them.

`@breaks` names every rule that a defect breaks, with words of what the kit saw. No other rule may fail.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.providers.account_holders import CreateAccountHolderRequest
from medusa_payments.providers.facts import RefundState
from medusa_payments.providers.types import CancelResult, SessionResult
from medusa_payments.states import SessionStatus
from medusa_payments.testing.conformance import ProviderBench
from tests.conformance.pocket import Pocket, PocketBench


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A bench whose provider is broken, and by rule what is seen of that."""

    bench: type[ProviderBench]
    seen: dict[str, str]


DEFECTS: list[Defect] = []

NOTHING_RELEASED = CancelResult()

ANY_HOLDER = CreateAccountHolderRequest(idempotency_key="", account_holder_id="", customer_id="")


def breaks(seen: dict[str, str], **bench: Any) -> Callable[[type[Pocket]], type[Pocket]]:
    def register(provider: type[Pocket]) -> type[Pocket]:
        attributes = {"backend": provider, "name": provider.__name__, **bench}
        DEFECTS.append(Defect(bench=type(f"{provider.__name__}Bench", (PocketBench,), attributes), seen=seen))
        return provider

    return register


class WithoutKey(Pocket):
    """Sends one verb with a key of its own. The movement carries the core's key all the same."""

    verb = ""

    def ask(self, verb: str, request: Any, execute: Any) -> Any:
        if verb == self.verb:
            request = replace(request, idempotency_key=new_id("key"))
        return super().ask(verb, request, execute)


def instead(result: SessionResult, status: SessionStatus) -> SessionResult:
    """Take a status for `authorized`."""
    return replace(result, status=SessionStatus.AUTHORIZED) if result.status is status else result


def settled(row: Any) -> Any:
    return replace(row, state=RefundState.SUCCEEDED) if row.state is RefundState.PENDING else row


def notes_of(provider: Pocket, name: str) -> set[str]:
    """Remember something at the service, so that all instances share it."""
    notes: set[str] = provider.service.__dict__.setdefault(name, set())
    return notes


def is_repeated(provider: Pocket, what: str) -> bool:
    known = notes_of(provider, "repeated")
    is_known = what in known
    known.add(what)
    return is_known
