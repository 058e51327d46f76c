"""Defects on the way to an authorization, and with amounts."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from medusa_payments.money import Money
from medusa_payments.providers.errors import (
    ProviderRejected,
)
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.types import CaptureResult, RefundResult, SessionResult
from medusa_payments.states import SessionStatus
from medusa_payments.testing.conformance import Customer
from tests.conformance.broken.defects import breaks, instead, is_repeated
from tests.conformance.pocket import Pocket, pair
from tests.conformance.pocket_service import Refusal


@breaks({"INI-01": "the status is authorized before the customer did anything"})
class BelievesInInitiate(Pocket):
    def initiate(self, request: Any) -> SessionResult:
        return replace(super().initiate(request), status=SessionStatus.AUTHORIZED)


@breaks({"INI-02": "two sessions got"})
class ReusesObjects(Pocket):
    def initiate(self, request: Any) -> SessionResult:
        for entry in self.service.entries.values():
            if entry.status == "open" and (entry.amount, entry.currency_code) == pair(request.money):
                return self.session_result(entry)
        return super().initiate(request)


@breaks({"INI-03": "ProviderRejected"})
class TakesNoZero(Pocket):
    def initiate(self, request: Any) -> SessionResult:
        if not request.money.minor_units:
            raise ProviderRejected("Too little.")
        return super().initiate(request)


@breaks({"UPD-01": "another object came back", "UPD-03": "with new data the status is"})
class UpdatesIntoANewObject(Pocket):
    def update(self, request: Any) -> SessionResult:
        money = request.money
        return self.session_result(self.service.create(request.session_id, money.minor_units, money.currency_code))


@breaks({"UPD-01": "the object is for: 199.9 EUR", "UPD-03": "with new data the status is"})
class ForgetsToUpdate(Pocket):
    def update(self, request: Any) -> SessionResult:
        return self.session_result(self.look("update", request.provider_ref))


@breaks({"UPD-03": "with new data the status is <SessionStatus.ERROR"})
class ForgetsTheNewData(Pocket):
    def update(self, request: Any) -> SessionResult:
        entry = self.service.existing(request.provider_ref)
        return super().update(replace(request, data={"token": entry.token}))


@breaks({"UPD-02": "after the update 99.95 EUR is held instead of 199.9 EUR"})
class UpdatesHeldMoney(Pocket):
    def update(self, request: Any) -> SessionResult:
        entry = self.service.entries[request.provider_ref]
        if entry.status == "authorized":
            entry.amount = entry.authorized = request.money.minor_units
            return self.session_result(entry)
        return super().update(request)


@breaks({"AUT-01": "the status is <SessionStatus.CAPTURED"})
class TakesHeldForPaid(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        result = super().authorize(request)
        is_held = result.status is SessionStatus.AUTHORIZED
        return replace(result, status=SessionStatus.CAPTURED) if is_held else result


@breaks(
    {
        "AUT-01": "the service holds: 219.89 EUR; expected 199.9 EUR",
        "AUT-07": "the service holds: 219.89 EUR; expected 199.9 EUR",
        "CAN-01": "released 219.89 EUR of 199.9 EUR",
        "CAN-04": "released 159.92 EUR instead of 13993 minor units",
        "CAN-07": "released 219.89 EUR of 199.9 EUR",
        "CAP-05": "capture of five tenths after six was answered",
        "RET-10": "released: 219.89 EUR; expected 199.9 EUR",
        "RET-12": "released 119.94 EUR of 199.9 EUR",
        "UPD-02": "219.89 EUR is held instead of 199.9 EUR",
    }
)
class HoldsMore(Pocket):
    """Adds a tenth for the tip, and answers what was asked."""

    def authorize(self, request: Any) -> SessionResult:
        result, entry = super().authorize(request), self.service.entries.get(request.provider_ref)
        if entry and entry.status == "authorized" and entry.authorized == entry.amount:
            entry.authorized = entry.amount * 11 // 10
        return result


@breaks({"AUT-02": "the status is <SessionStatus.AUTHORIZED"})
class TakesPaidForHeld(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        return instead(super().authorize(request), SessionStatus.CAPTURED)


@breaks({"AUT-03": "the status is <SessionStatus.AUTHORIZED", "AUT-06": "before the customer did anything"})
class TakesAnyAnswerForAYes(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        return instead(super().authorize(request), SessionStatus.REQUIRES_MORE)


@breaks({"AUT-04": "authorize ended in SessionResult"})
class TakesADeclineForAYes(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        return instead(super().authorize(request), SessionStatus.ERROR)


@breaks({"AUT-05": "the status is <SessionStatus.AUTHORIZED"})
class TakesUnderWayForArrived(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        return instead(super().authorize(request), SessionStatus.PENDING_AUTHORIZATION)


@breaks({"AUT-03": "the status is <SessionStatus.AUTHORIZED", "AUT-06": "authorize answered SessionResult"})
class ConfirmsForTheCustomer(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        with suppress(Refusal):
            self.service.act(request.provider_ref, Customer.AUTHORIZES)
        return super().authorize(request)


@breaks({"AUT-07": "after the second time the service holds: 399.8 EUR"})
class AuthorizesTwice(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        result, entry = super().authorize(request), self.service.entries[request.provider_ref]
        entry.authorized += entry.amount if is_repeated(self, request.provider_ref) else 0
        return result


@breaks({"AUT-08": "authorize of an unknown reference was answered with SessionResult"})
class AuthorizesAnything(Pocket):
    def authorize(self, request: Any) -> SessionResult:
        try:
            return super().authorize(request)
        except ProviderRejected:
            return SessionResult(provider_ref=request.provider_ref, status=SessionStatus.PENDING, money=request.money)


@breaks({"MON-01": "the object is for: 1999000 JPY; expected 19990 JPY"})
class ThinksInHundredths(Pocket):
    def initiate(self, request: Any) -> SessionResult:
        factor = 100 if request.money.currency_code == "jpy" else 1
        money = replace(request.money, minor_units=request.money.minor_units * factor)
        return super().initiate(replace(request, money=money))


@breaks({"MON-01": "instead of 19.99 KWD"})
class KnowsTwoDecimalsOnly(Pocket):
    """Sends fils as hundredths, and answers what was asked."""

    def initiate(self, request: Any) -> SessionResult:
        factor = 10 if request.money.currency_code == "kwd" else 1
        money = replace(request.money, minor_units=request.money.minor_units // factor)
        return replace(super().initiate(replace(request, money=money)), money=request.money)


@breaks({"MON-02": "KeyError"})
class KnowsFewCurrencies(Pocket):
    def amount_step(self, currency_code: str) -> int:
        return {"eur": 1, "jpy": 1, "kwd": 10}[currency_code]


@breaks({"MON-03": "the object is for: 10.02 EUR; expected 10.03 EUR"})
class RoundsThroughFloat(Pocket):
    def initiate(self, request: Any) -> SessionResult:
        major = request.money.minor_units / 100
        return super().initiate(replace(request, money=replace(request.money, minor_units=int(major * 100))))


@breaks({"MON-04": "refund of 59.97 USD on 199.9 EUR was answered with 59.97 USD"})
class MixesCurrencies(Pocket):
    def refund(self, request: Any) -> RefundResult:
        entry = self.service.entries.get(request.provider_ref)
        code = entry.currency_code if entry else "eur"
        sent = replace(request, money=replace(request.money, currency_code=code))
        return replace(super().refund(sent), money=request.money)


@breaks({"MON-05": "CaptureResult.money is Money(minor_units=19990.0"})
class AnswersInFloats(Pocket):
    def capture(self, request: Any) -> CaptureResult:
        result = super().capture(request)
        return replace(result, money=replace(result.money, minor_units=float(result.money.minor_units)))


@breaks({"MON-05": "PaymentSnapshot has refunds tuple"})
class ListsItsRefundsInFloats(Pocket):
    def snapshot(self, entry: Any) -> PaymentSnapshot:
        found = super().snapshot(entry)
        return replace(found, refunds=tuple(replace(fact, money=_in_floats(fact.money)) for fact in found.refunds))


def _in_floats(money: Money) -> Money:
    return replace(money, minor_units=float(money.minor_units))  # type: ignore[arg-type]
