"""Errors say what is known about the money, and nothing else."""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from medusa_payments.providers import cleaning
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.types import CancelResult, CaptureResult, RefundResult, SessionResult
from medusa_payments.testing.conformance.bench import Customer, Fault
from medusa_payments.testing.conformance.desk import UNKNOWN_REF, Desk, Sale, outcome
from medusa_payments.testing.conformance.expectations import describe, expect, is_text
from medusa_payments.testing.conformance.needs import counted, faults
from medusa_payments.testing.conformance.rules import rule

_RESULTS = (SessionResult, CaptureResult, RefundResult, CancelResult)

_LONGEST_CODE = 255


@rule(
    "ERR-01",
    "A service that can't be reached is `ProviderUnavailable`, never a refusal or a success.",
    change="Raise `ProviderUnavailable` where the connection failed; in doubt `ProviderOutcomeUnknown`.",
    stake="A network failure recorded as a decline loses an order; one recorded as success loses the money.",
    needs=[faults],
)
def tells_that_it_was_unreachable(desk: Desk) -> None:
    for trial in _trials(desk, Fault.UNREACHABLE):
        is_doubtful = isinstance(trial.answer, ProviderOutcomeUnknown)
        is_honest = isinstance(trial.answer, ProviderUnavailable) or is_doubtful or trial.is_stranger
        expect(is_honest, f"{trial.verb} ended in {describe(trial.answer)}; expected ProviderUnavailable")
        if is_doubtful:
            desk.note(f"{trial.verb}: no byte was sent, so ProviderUnavailable says more than ProviderOutcomeUnknown")


@rule(
    "ERR-02",
    "An answer that never came is `ProviderOutcomeUnknown`: the request may have been executed.",
    change="Raise `ProviderOutcomeUnknown` for timeouts and for connections that break after sending.",
    stake="Called rejected, a capture that was made is forgotten; called unavailable, it is sent again as a new one.",
    needs=[faults],
)
def does_not_guess_after_a_timeout(desk: Desk) -> None:
    _expect_doubt(desk, Fault.ANSWER_LOST)
    _expect_doubt(desk, Fault.REQUEST_LOST)


@rule(
    "ERR-03",
    "A server error, or an answer that can't be read, is `ProviderOutcomeUnknown`.",
    change="Translate only the errors that the service documents as refusals; everything else is unknown.",
    stake="A server error may come after the money has moved.",
    needs=[faults],
)
def does_not_guess_after_a_server_error(desk: Desk) -> None:
    _expect_doubt(desk, Fault.SERVER_ERROR)


@rule(
    "ERR-04",
    "Whatever goes wrong with the service is raised as a `ProviderError`.",
    change="Catch the client library's base error around the call, and translate it.",
    stake="A stranger counts as unknown: a payment that was plainly refused would have to be looked into.",
    needs=[faults],
)
def raises_its_own_errors(desk: Desk) -> None:
    for fault in Fault:
        for trial in _trials(desk, fault):
            expect(not trial.is_stranger, f"{trial.verb} with {fault} raised {describe(trial.answer)}")


@rule(
    "ERR-05",
    "What the service refuses is raised as `ProviderRejected` or `ProviderDeclined`, with a text that may be shown.",
    change="Give a message of your own or the service's public one, without NUL and half surrogates, and its code (at "
    "most 255 characters).",
    stake="The message goes to the customer; a code without a limit can't be stored with the refusal.",
    needs=[counted],
)
def explains_refusals(desk: Desk) -> None:
    stranger = Sale(money=desk.whole(), data={}, ref=UNKNOWN_REF)
    for name, verb in (("capture", desk.capture), ("refund", desk.refund)):
        error = outcome(partial(verb, stranger))
        expect(
            isinstance(error, ProviderRejected | ProviderDeclined),
            f"{name} of an unknown reference ended in {describe(error)}; expected ProviderRejected",
        )
        _expect_showable(desk, error)


@rule(
    "ERR-06",
    "A verb comes back within `timeout_seconds`, also when the service stays silent.",
    change="Give the client a total timeout, its retries included, and say it in `timeout_seconds`.",
    stake="The next caller takes an operation over when its lease has run out, and would send beside you.",
    needs=[faults],
)
def comes_back_in_time(desk: Desk) -> None:
    longest, waiting = desk.provider.timeout_seconds, desk.provider.waiting_timeout_seconds
    for trial in _trials(desk, Fault.REQUEST_LOST):
        limit = waiting if waiting is not None and trial.verb == "initiate" else longest
        is_in_time = trial.seconds <= limit
        expect(is_in_time, f"{trial.verb} took {trial.seconds:.1f} seconds; timeout_seconds says {limit}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What a verb ended in while its calls suffered a fault, and how long that took."""

    verb: str
    answer: Any
    seconds: float

    @property
    def is_stranger(self) -> bool:
        """An exception of another kind, which is ERR-04's business."""
        return isinstance(self.answer, Exception) and not isinstance(self.answer, ProviderError)


def _trials(desk: Desk, fault: Fault) -> list[_Trial]:
    verbs = ["initiate", "refund"]
    if desk.payer is Customer.AUTHORIZES:
        verbs += ["capture", "cancel"]
    return [_trial(desk, fault, verb) for verb in verbs]


def _trial(desk: Desk, fault: Fault, verb: str) -> _Trial:
    paid = None
    if verb != "initiate":
        paid = desk.captured() if verb == "refund" else desk.authorized()
    with desk.bench.fault(fault, verb):
        sale = paid or desk.sale()
        started = time.monotonic()
        answer = outcome(partial(getattr(desk, verb), sale))
        return _Trial(verb=verb, answer=answer, seconds=time.monotonic() - started)


def _expect_doubt(desk: Desk, fault: Fault) -> None:
    for trial in _trials(desk, fault):
        is_honest = isinstance(trial.answer, (ProviderOutcomeUnknown, *_RESULTS)) or trial.is_stranger
        expect(is_honest, f"{trial.verb} with {fault} ended in {describe(trial.answer)}")


def _expect_showable(desk: Desk, error: ProviderError) -> None:
    expect(bool(error.message), "the message is empty")
    expect(cleaning.text(error.message) == error.message, "the message holds what no database stores")
    expect(is_text(error.code, most=_LONGEST_CODE, least=0), f"the code is {describe(error.code)}")
    shown = f"{error.message} {error.code} {error!r}"
    expect(not any(secret in shown for secret in desk.secrets()), "the error shows a secret option")
