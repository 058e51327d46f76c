"""Defects with customers, their payment methods and disputes."""

from dataclasses import replace
from typing import Any

from tests.conformance.broken.defects import ANY_HOLDER, WithoutKey, breaks
from tests.conformance.pocket import API_KEY, Pocket, money_of


@breaks({"HOL-01": "opened 8 accounts"})
class OpensAccountsAgain(WithoutKey):
    verb = "create_account_holder"


@breaks({"HOL-02": "for a row that has no account: AccountHolderResult", "HOL-03": "after closing it is found"})
class FindsByEmail(Pocket):
    def find_account_holder(self, request: Any) -> Any:
        found = super().find_account_holder(request)
        return found or super().create_account_holder(replace(ANY_HOLDER, idempotency_key=str(request.email)))


@breaks({"HOL-03": "the second closing ended in KeyError"})
class ClosesOnce(Pocket):
    def delete_account_holder(self, request: Any) -> None:
        del self.service.holders[request.account_holder_ref]


@breaks({"SAV-01": "another customer has it, too"})
class ListsEverybodysMethods(Pocket):
    def list_payment_methods(self, account_holder_ref: str) -> Any:
        owners = [Pocket.list_payment_methods(self, ref) for ref in self.service.holders]
        return tuple(method for methods in owners for method in methods)


@breaks({"SAV-01": "data holds a card number"})
class ListsCardNumbers(Pocket):
    def list_payment_methods(self, account_holder_ref: str) -> Any:
        found = super().list_payment_methods(account_holder_ref)
        return tuple(replace(method, data={"number": "4242 4242 4242 4242"}) for method in found)


@breaks({"SAV-02": "deleting another customer's method ended in None"})
class DeletesForAnybody(Pocket):
    def delete_payment_method(self, request: Any) -> None:
        self.service.methods.pop(request.payment_method_ref, None)


@breaks({"SAV-03": "a secret option stands in data"})
class SendsItsKeyToTheBrowser(Pocket):
    def save_payment_method(self, request: Any) -> Any:
        return replace(super().save_payment_method(request), data={"client_secret": API_KEY})


@breaks({"SAV-04": "the status is <SessionStatus.REQUIRES_MORE"})
class ForgetsTheSavedMethod(Pocket):
    def initiate(self, request: Any) -> Any:
        return super().initiate(replace(request, data={}))


@breaks({"SAV-05": "another customer's method was answered with SessionResult"})
class PaysWithAnybodysMethod(Pocket):
    def initiate(self, request: Any) -> Any:
        owner = self.service.methods.get(request.data.get("payment_method"))
        return super().initiate(replace(request, account_holder_ref=owner))


@breaks({"DIS-01": "captures or refunds have changed by it"})
class TakesDisputesForRefunds(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        lost = sum(row.amount for row in entry.disputes)
        return replace(found, captured=money_of(entry, entry.captured - lost))
