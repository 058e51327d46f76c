"""Defects of captures, refunds and cancels."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.providers.errors import (
    ProviderRejected,
)
from medusa_payments.providers.facts import RefundState
from medusa_payments.providers.types import CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.testing.conformance import Customer
from tests.conformance.broken.defects import NOTHING_RELEASED, breaks, is_repeated, settled
from tests.conformance.pocket import Pocket, money_of, pair
from tests.conformance.pocket_service import Movement, Refusal


@breaks({"CAP-01": "captured: 0 EUR; expected 199.9 EUR", "CAP-02": "captured: 139.93 EUR; expected 59.97 EUR"})
class AnswersWithWhatIsLeft(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        result, entry = super().capture(request), self.service.entries[request.provider_ref]
        return replace(result, money=money_of(entry, entry.held))


@breaks(
    {
        "CAP-02": "captured (Money(minor_units=19990",
        "CAP-03": "ProviderRejected",
        "CAP-05": "Money(minor_units=19990",
        "CAP-07": "ProviderRejected",
        "CAN-04": "ProviderRejected",
        "IDE-03": "captured 19990 minor units instead of 7996",
        "IDE-05": "captured 19990 minor units instead of 7996",
        "IDE-06": "captured 19990 minor units instead of 7996",
        "IDE-09": "captured 19990 minor units instead of 7996",
        "IDE-10": "captured 19990 minor units instead of 5997",
        "RET-08": "captured in total: 199.9 EUR; expected 59.97 EUR",
        "RET-12": "ProviderRejected",
    }
)
class CapturesEverything(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        entry = self.service.entries.get(request.provider_ref)
        is_part = entry is not None and request.money.minor_units < entry.amount
        sent = replace(request.money, minor_units=entry.amount) if entry and is_part else request.money
        return replace(super().capture(replace(request, money=sent)), money=request.money)


@breaks({"CAP-03": "both captures have the reference", "RET-08": "capture() answered"})
class CallsCapturesByThePayment(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        return replace(super().capture(request), capture_ref=request.provider_ref)


@breaks(
    {"CAP-04": "capture of twice the amount was answered", "CAP-05": "capture of five tenths after six was answered"}
)
class CutsCapturesToTheRest(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        entry = self.service.entries.get(request.provider_ref)
        most = entry.held if entry and entry.held else request.money.minor_units
        sent = replace(request.money, minor_units=min(request.money.minor_units, most))
        return replace(super().capture(replace(request, money=sent)), money=request.money)


@breaks({"CAP-05": "capture of five tenths after six was answered"})
class ForgetsWhatIsCaptured(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        entry = self.service.entries.get(request.provider_ref)
        wanted = request.money.minor_units
        if entry and entry.captures and entry.held < wanted < entry.authorized and request.money.currency_code == "eur":
            entry.captures.append(Movement(ref=new_id("pcapt"), amount=wanted, key=request.idempotency_key))
            return CaptureResult(money=request.money, capture_ref=entry.captures[-1].ref)
        return super().capture(request)


@breaks({"CAP-06": "capture before the customer authorized was answered"})
class CapturesWithoutAsking(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        with suppress(Refusal):
            self.service.act(request.provider_ref, Customer.AUTHORIZES)
        return super().capture(request)


@breaks({"CAP-07": "the service still holds 59.97 EUR"})
class HoldsOnToTheLastPart(Pocket):
    """Takes the last part from an authorization of its own."""

    def capture(self, request: Any) -> CaptureResult:
        entry = self.service.entries.get(request.provider_ref)
        if entry and entry.captures and entry.captures[-1].key != request.idempotency_key and request.is_final:
            entry.authorized += request.money.minor_units
            request = replace(request, is_final=False)
        return super().capture(request)


@breaks({"CAP-08": "released 0 EUR; the service let 13993 minor units go"})
class LetsTheRestGoInSilence(Pocket):
    capabilities = replace(Pocket.capabilities, supports_multiple_captures=False)

    def capture(self, request: Any) -> CaptureResult:
        return super().capture(replace(request, is_final=True))

    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        return replace(found, released=money_of(entry, 0)) if entry.captures else found


@breaks({"REF-01": "refunded: 0 EUR; expected 199.9 EUR", "REF-02": "refunded: 139.93 EUR; expected 59.97 EUR"})
class AnswersWithWhatCanBeRefunded(Pocket):
    def refund(self, request: Any) -> RefundResult:
        result, entry = super().refund(request), self.service.entries[request.provider_ref]
        return replace(result, money=money_of(entry, entry.captured - entry.refunded))


@breaks(
    {
        "REF-02": "refunded (Money(minor_units=19990",
        "REF-03": "ProviderRejected",
        "REF-05": "Money(minor_units=19990",
        "IDE-04": "refunded 19990 minor units instead of 7996",
        "IDE-07": "refunded 19990 minor units instead of 7996",
        "IDE-12": "the second amount was answered with RefundResult",
        "RET-09": "ProviderRejected",
    }
)
class RefundsEverything(Pocket):
    def refund(self, request: Any) -> RefundResult:
        entry = self.service.entries.get(request.provider_ref)
        is_part = entry is not None and request.money.minor_units < entry.captured == entry.amount
        sent = replace(request.money, minor_units=entry.captured) if entry and is_part else request.money
        return replace(super().refund(replace(request, money=sent)), money=request.money)


@breaks(
    {
        "REF-03": "both refunds have the reference",
        "REF-07": "0 refunds with the reference",
        "REF-08": "0 refunds with the reference",
        "RET-09": "refund() answered",
    }
)
class CallsRefundsByThePayment(Pocket):
    def refund(self, request: Any) -> RefundResult:
        return replace(super().refund(request), refund_ref=request.provider_ref)


@breaks(
    {
        "REF-04": "refund of twice the amount was answered",
        "REF-05": "refund of five tenths after six was answered",
        "IDE-11": "the first refund of twice the amount ended in RefundResult",
    }
)
class CutsRefundsToTheRest(Pocket):
    def refund(self, request: Any) -> RefundResult:
        entry = self.service.entries.get(request.provider_ref)
        most = entry.captured - entry.refunded if entry and entry.captured > entry.refunded else 10**9
        sent = replace(request.money, minor_units=min(request.money.minor_units, most))
        return replace(super().refund(replace(request, money=sent)), money=request.money)


@breaks({"REF-05": "refund of five tenths after six was answered"})
class ForgetsWhatIsRefunded(Pocket):
    def refund(self, request: Any) -> RefundResult:
        entry = self.service.entries.get(request.provider_ref)
        if entry and entry.captured - entry.refunded < request.money.minor_units < entry.captured:
            entry.refunds.append(Movement(ref=new_id("pref"), amount=request.money.minor_units, key=""))
            return RefundResult(money=request.money, refund_ref=entry.refunds[-1].ref)
        return super().refund(request)


@breaks({"REF-06": "refund of a payment that is only authorized was answered"})
class RefundsWhatIsOnlyHeld(Pocket):
    def refund(self, request: Any) -> RefundResult:
        entry = self.service.entries.get(request.provider_ref)
        if entry and entry.status == "authorized" and not entry.captures:
            self.service.capture(entry.ref, *pair(request.money), "", is_final=True)
        return super().refund(request)


@breaks({"REF-07": "a pending refund was answered with", "REF-08": "a pending refund was answered with"})
class TakesAcceptedForDone(Pocket):
    def refund(self, request: Any) -> RefundResult:
        return replace(super().refund(request), status=RefundStatus.SUCCEEDED)


@breaks({"REF-07": "before it is decided it isn't told as pending"})
class KnowsNoPendingRefunds(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        rows = [settled(row) for row in found.refunds]
        return replace(found, refunds=tuple(rows))


@breaks({"REF-08": "the snapshot has 0 refunds"})
class LeavesFailedRefundsOut(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        return replace(found, refunds=tuple(row for row in found.refunds if row.state is not RefundState.FAILED))


@breaks({"CAN-01": "released 0 EUR of 199.9 EUR", "CAN-04": "released 0 EUR instead of 13993 minor units"})
class TellsNoRelease(Pocket):
    def cancel(self, request: Any) -> Any:
        result, entry = super().cancel(request), self.service.entries[request.provider_ref]
        return replace(result, released=money_of(entry, 0))


@breaks(
    {
        "CAN-01": "the service has Books(",
        "CAN-04": "the service has Books(",
        "CAN-05": "authorize after cancel was answered",
        "CAN-06": "capture after cancel was answered",
        "RET-10": "after cancel",
        "RET-12": "captured 99.95 EUR and released 0 EUR",
    }
)
class CancelsInWordsOnly(Pocket):
    def cancel(self, request: Any) -> Any:
        entry = self.look("cancel", request.provider_ref)
        if entry.status == "captured":
            raise ProviderRejected("It is captured.")
        self.ask("cancel", request, lambda: None)
        return NOTHING_RELEASED


@breaks({"CAN-02": "the second cancel ended in ProviderRejected"})
class CancelsOnlyOnce(Pocket):
    def cancel(self, request: Any) -> Any:
        if is_repeated(self, request.provider_ref):
            raise ProviderRejected("It is canceled already.")
        return super().cancel(request)


@breaks({"CAN-03": "cancel of a captured payment was answered"})
class RefundsOnCancel(Pocket):
    def cancel(self, request: Any) -> Any:
        entry = self.service.entries[request.provider_ref]
        if entry.status == "captured":
            self.service.refund(entry.ref, entry.captured, entry.currency_code, "")
            return NOTHING_RELEASED
        return super().cancel(request)


@breaks({"CAN-04": "the service has Books(", "RET-12": "captured 0 EUR; expected 9995 minor units"})
class ReleasesWhatIsCaptured(Pocket):
    def cancel(self, request: Any) -> Any:
        result, entry = super().cancel(request), self.service.entries[request.provider_ref]
        entry.captures.clear()
        return result


@breaks({"CAN-05": "authorize after cancel was answered"})
class LeavesUnpaidObjectsOpen(Pocket):
    def cancel(self, request: Any) -> Any:
        if self.service.entries[request.provider_ref].status == "open":
            return NOTHING_RELEASED
        return super().cancel(request)


@breaks({"CAN-06": "capture after cancel was answered"})
class CapturesCanceledPayments(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        entry = self.service.entries.get(request.provider_ref)
        if entry and entry.status == "canceled" and not self.service.ahead:
            entry.status, entry.authorized = "authorized", entry.amount
        return super().capture(request)


@breaks({"CAN-07": "capture after its end was answered"})
class KnowsNoEnd(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        if request.provider_ref in self.service.entries:
            self.service.entries[request.provider_ref].capture_before = None
        return super().authorize(request)
