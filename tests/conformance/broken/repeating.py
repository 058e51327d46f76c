"""Defects with keys, errors and threads."""

import time
from dataclasses import replace
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.types import CaptureResult, RefundResult, SessionResult
from tests.conformance.broken.defects import WithoutKey, breaks, notes_of
from tests.conformance.pocket import API_KEY, Pocket
from tests.conformance.pocket_service import BrokenAnswer, Refusal


@breaks({"IDE-01": "repeated capture: capture_ref is", "RET-08": "capture() answered"})
class MakesUpReferences(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        return replace(super().capture(request), capture_ref=new_id("capt"))


@breaks(
    {
        "IDE-01": "repeated initiate: provider_ref is",
        "IDE-02": "2 objects for one session",
        "IDE-08": "2 objects for one session",
    }
)
class IgnoresTheKeyOfInitiate(WithoutKey):
    verb = "initiate"


@breaks(
    {
        "IDE-01": "the repeated capture ended in ProviderRejected",
        "IDE-03": "captured 15992 minor units instead of 7996",
        "IDE-05": "captured 15992 minor units instead of 7996",
        "IDE-06": "captured 15992 minor units instead of 7996",
        "IDE-10": "got ProviderRejected",
    }
)
class IgnoresTheKeyOfCapture(WithoutKey):
    verb = "capture"


@breaks(
    {
        "IDE-01": "the repeated refund ended in ProviderRejected",
        "IDE-04": "refunded 15992 minor units instead of 7996",
        "IDE-07": "refunded 15992 minor units instead of 7996",
        "IDE-12": "the second amount was answered with RefundResult",
    }
)
class IgnoresTheKeyOfRefund(WithoutKey):
    verb = "refund"


@breaks(
    {"IDE-05": "captured 15992 minor units instead of 7996", "IDE-06": "captured 15992 minor units instead of 7996"}
)
class RemembersKeysInTheProcess(WithoutKey):
    verb = "capture"

    def __init__(self, alias: str, options: Any) -> None:
        super().__init__(alias, options)
        self.answers: dict[str, CaptureResult] = {}

    def capture(self, request: Any) -> CaptureResult:
        with self.service.lock:
            if request.idempotency_key not in self.answers:
                self.answers[request.idempotency_key] = super().capture(request)
            return self.answers[request.idempotency_key]


@breaks({"IDE-06": "captured 15992 minor units instead of 7996"})
class TriesAgainUnderANewKey(Pocket):
    """Takes a timeout for "not executed", and gives the next attempt a key of its own."""

    def capture(self, request: Any) -> CaptureResult:
        lost = notes_of(self, "lost")
        key = new_id("again") if request.idempotency_key in lost else request.idempotency_key
        try:
            return super().capture(replace(request, idempotency_key=key))
        except ProviderOutcomeUnknown:
            lost.add(request.idempotency_key)
            raise


@breaks({"IDE-07": "refunded 15992 minor units instead of 7996"})
class RefundsAgainUnderANewKey(Pocket):
    def refund(self, request: Any) -> RefundResult:
        lost = notes_of(self, "lost")
        key = new_id("again") if request.idempotency_key in lost else request.idempotency_key
        try:
            return super().refund(replace(request, idempotency_key=key))
        except ProviderOutcomeUnknown:
            lost.add(request.idempotency_key)
            raise


@breaks({"IDE-09": "captured 0 minor units instead of 7996"})
class NotesTheKeyTooEarly(Pocket):
    """Takes a key that it has seen for a request that was executed."""

    def capture(self, request: Any) -> CaptureResult:
        with self.service.lock:
            is_known = request.idempotency_key in notes_of(self, "sent")
            notes_of(self, "sent").add(request.idempotency_key)
            if is_known and request.idempotency_key not in self.service.answers:
                return CaptureResult(money=request.money, capture_ref=f"capt_{request.idempotency_key}")
            return super().capture(request)


@breaks({"IDE-10": "callers got ProviderRejected: Another request is at work."})
class RefusesWhileItIsBusy(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        at_work = notes_of(self, "at work")
        if request.idempotency_key in at_work:
            raise ProviderRejected("Another request is at work.")
        at_work.add(request.idempotency_key)
        time.sleep(0.01)
        try:
            return super().capture(request)
        finally:
            at_work.discard(request.idempotency_key)


@breaks({"IDE-10": "callers"})
class ChecksThenActs(WithoutKey):
    """Looks whether the key was used, and uses it a moment later."""

    verb = "capture"

    def capture(self, request: Any) -> CaptureResult:
        done: dict[str, CaptureResult] = self.service.__dict__.setdefault("done", {})
        if request.idempotency_key in done:
            return done[request.idempotency_key]
        time.sleep(0.01)
        try:
            done[request.idempotency_key] = super().capture(request)
        except ProviderOutcomeUnknown:
            for row in self.service.entries[request.provider_ref].captures:
                done[row.key] = CaptureResult(money=request.money, capture_ref=row.ref)
            raise
        return done[request.idempotency_key]


@breaks(
    {
        "IDE-11": "the second refund of twice the amount ended in RefundResult",
        "IDE-12": "the second amount was answered with RefundResult",
    }
)
class TakesAKnownKeyForDone(Pocket):
    def refund(self, request: Any) -> RefundResult:
        is_known = request.idempotency_key in self.service.answers
        try:
            return super().refund(request)
        except ProviderRejected:
            if is_known:
                return RefundResult(money=request.money)
            raise


@breaks({"IDE-12": "the second amount was answered with RefundResult"})
class MixesTheAmountIntoTheKey(Pocket):
    def ask(self, verb: str, request: Any, execute: Any) -> Any:
        if verb == "refund":
            request = replace(request, idempotency_key=f"{request.idempotency_key}:{request.money.minor_units}")
        return super().ask(verb, request, execute)


class _Translates(Pocket):
    """Translates one error wrongly, for all verbs but reads."""

    error: type[Exception]
    to: Any

    def ask(self, verb: str, request: Any, execute: Any) -> Any:
        try:
            return super().ask(verb, request, execute)
        except ProviderError as error:
            if request is not None and isinstance(error.__cause__, self.error):
                raise self.to("It went wrong.") from error
            raise


@breaks({"ERR-01": "initiate ended in ProviderDeclined"})
class TakesNoNetworkForADecline(_Translates):
    error, to = ConnectionRefusedError, ProviderDeclined


@breaks({"ERR-02": "ended in ProviderRejected"})
class TakesATimeoutForARefusal(_Translates):
    error, to = TimeoutError, ProviderRejected


@breaks({"ERR-02": "ended in ProviderUnavailable"})
class TakesATimeoutForUnsent(_Translates):
    error, to = TimeoutError, ProviderUnavailable


@breaks({"ERR-03": "ended in ProviderDeclined"})
class TakesAServerErrorForADecline(_Translates):
    error, to = BrokenAnswer, ProviderDeclined


@breaks({"ERR-04": "raised OSError"})
class LetsStrangersThrough(_Translates):
    error, to = TimeoutError, OSError


@breaks({"ERR-05": "the message holds what no database stores"})
class SaysNulWhenItRefuses(Pocket):
    def translated(self, error: Exception) -> Exception:
        told = super().translated(error)
        if isinstance(told, ProviderRejected | ProviderDeclined):
            told.message = f"{told.message}\0"
        return told


@breaks({"ERR-05": "the message is empty"})
class RefusesWithoutAWord(_Translates):
    error, to = Refusal, staticmethod(lambda _: ProviderRejected(""))


@breaks({"ERR-05": "the error shows a secret option"})
class QuotesItsKeyInErrors(_Translates):
    error, to = Refusal, staticmethod(lambda _: ProviderRejected(f"Refused for {API_KEY}."))


@breaks({"ERR-05": "the code is 'xxx"})
class HasEndlessCodes(_Translates):
    error, to = Refusal, staticmethod(lambda message: ProviderRejected(message, code="x" * 256))


@breaks({"ERR-06": "timeout_seconds says 0.02"})
class TakesItsTime(Pocket):
    timeout_seconds = 0.02

    def ask(self, verb: str, request: Any, execute: Any) -> Any:
        try:
            return super().ask(verb, request, execute)
        except ProviderOutcomeUnknown:
            time.sleep(0.03)
            raise


@breaks({"THR-01": "was answered with"})
class KeepsTheCallInSelf(Pocket):
    def initiate(self, request: Any) -> SessionResult:
        self.request = request
        time.sleep(0.005)
        return super().initiate(replace(request, money=self.request.money))
