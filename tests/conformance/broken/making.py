"""Defects of making and declaring a provider, and of the data that goes in and out."""

from dataclasses import replace
from typing import Any, ClassVar

from medusa_payments.ids import new_id
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import (
    ProviderRejected,
)
from tests.conformance.broken.defects import breaks
from tests.conformance.pocket import API_KEY, Pocket


@breaks({"CON-01": "returned one object", "ACC-02": "both are 'pocket:two'"})
class IsASingleton(Pocket):
    made: ClassVar[dict[int, Any]] = {}

    def __new__(cls, _alias: str, options: Any) -> Any:
        return cls.made.setdefault(id(options["service"]), super().__new__(cls))


@breaks({"CON-02": "with the option surprising_option wrong: TakesAnyOption"})
class TakesAnyOption(Pocket):
    option_names = None  # type: ignore[assignment]

    def __init__(self, alias: str, options: Any) -> None:
        self.option_names = Pocket.option_names
        known = {name: value for name, value in options.items() if name in Pocket.option_names}
        super().__init__(alias, known)


@breaks({"CON-02": "shows an option's value"})
class QuotesUnknownOptions(Pocket):
    def __init__(self, alias: str, options: Any) -> None:
        unknown = {name: value for name, value in options.items() if name not in Pocket.option_names}
        if unknown:
            raise ValueError(f"unknown options: {unknown}")
        super().__init__(alias, options)


@breaks({"CON-03": "with the option api_key wrong"})
class FindsOutLater(Pocket):
    def __init__(self, alias: str, options: Any) -> None:
        super().__init__(alias, {**options, "api_key": options["api_key"] or "none"})


@breaks({"CON-04": "a secret option stands in repr"})
class ShowsItsKey(Pocket):
    def __repr__(self) -> str:
        return f"<ShowsItsKey {self._api_key}>"


@breaks({"CON-05": "with the service unreachable: ConnectionRefusedError"})
class ConnectsWhenItIsMade(Pocket):
    def __init__(self, alias: str, options: Any) -> None:
        super().__init__(alias, options)
        self.service.call("initiate", "", None, lambda: None)


@breaks({"ACC-01": "two instances with the same options differ"})
class HasAnAccountPerInstance(Pocket):
    @property
    def account(self) -> str:
        return f"{super().account}:{id(self)}"


@breaks({"ACC-01": "two reads of one instance differ"})
class HasAnAccountPerRead(Pocket):
    @property
    def account(self) -> str:
        return new_id(super().account)


@breaks({"ACC-01": "the account shows a secret option"})
class IsCalledByItsKey(Pocket):
    @property
    def account(self) -> str:
        return f"{super().account}:{self._api_key}"


@breaks({"ACC-02": "both are 'pocket'"})
class KnowsOneAccount(Pocket):
    @property
    def account(self) -> str:
        return "pocket"


@breaks({"DEC-01": "has_saved_methods without has_account_holders"})
class ContradictsItself(Pocket):
    capabilities = replace(Pocket.capabilities, has_account_holders=False)


@breaks(
    {
        "DEC-02": "declared and not written: list_payments",
        "LST-01": "NotImplementedError",
        "LST-02": "NotImplementedError",
    }
)
class PromisesTooMuch(Pocket):
    list_payments = PaymentProvider.list_payments  # type: ignore[assignment]


@breaks(
    {
        "DEC-02": "declared and not written: update",
        "UPD-01": "NotImplementedError",
        "UPD-03": "NotImplementedError",
    }
)
class SaysThatItCanUpdate(Pocket):
    update = PaymentProvider.update  # type: ignore[assignment]


@breaks({"DEC-03": "it keeps no books and isn't local"}, keeps_books=False)
class LeavesLimitsToNobody(Pocket):
    pass


@breaks({"DEC-04": "waiting_timeout_seconds is 0.6, timeout_seconds 0.5"})
class LetsCustomersWaitLongest(Pocket):
    waiting_timeout_seconds = 0.6


@breaks({"DEC-01": "has_unsigned_webhooks without can_retrieve"})
class HintsAtWhatNobodySees(Pocket):
    capabilities = replace(
        Pocket.capabilities,
        has_unsigned_webhooks=True,
        can_retrieve=False,
        finds_by_session=False,
        reports_keys=False,
        can_list=False,
    )


@breaks({"DEC-04": "timeout_seconds is inf"})
class WaitsForEver(Pocket):
    timeout_seconds = float("inf")


@breaks({"DAT-01": "data with the key amount was answered"})
class LetsTheAmountThrough(Pocket):
    def clean_client_data(self, data: Any) -> dict[str, Any]:
        cleaned = super().clean_client_data({key: value for key, value in data.items() if key != "amount"})
        return cleaned | {key: data[key] for key in data.keys() & {"amount"}}


@breaks({"DAT-02": "data with the key surprising_key was answered", "DAT-03": "card data under card was answered"})
class DropsUnknownKeys(Pocket):
    def clean_client_data(self, data: Any) -> dict[str, Any]:
        known = self.client_data_keys | {"amount", "currency", "currency_code", "customer", "customer_id"}
        known |= {"capture_method", "metadata"}
        return super().clean_client_data({key: value for key, value in data.items() if key in known})


@breaks({"DAT-03": "card data under card was answered"})
class TakesCards(Pocket):
    def clean_client_data(self, data: Any) -> dict[str, Any]:
        try:
            return super().clean_client_data(data)
        except ProviderRejected as error:
            if error.code == "sensitive_data":
                return dict(data)
            raise


@breaks({"DAT-04": "the caller's dict was changed"})
class ChangesTheCallersData(Pocket):
    def clean_client_data(self, data: Any) -> dict[str, Any]:
        cleaned = super().clean_client_data(data)
        data.clear()
        return cleaned


@breaks({"PUB-01": "public and an option: api_key"})
class PublishesItsKey(Pocket):
    public_data_keys = Pocket.public_data_keys | {"api_key"}


@breaks({"PUB-02": "a secret option stands in data"})
class KeepsItsKeyInData(Pocket):
    def data(self, entry: Any) -> dict[str, Any]:
        return {**super().data(entry), "request": {"authorization": f"Bearer {API_KEY}"}}


@breaks({"PUB-03": "data holds a text that no database stores"})
class SaysNulInData(Pocket):
    def data(self, entry: Any) -> dict[str, Any]:
        return {**super().data(entry), "qr": "00\x0020"}


@breaks({"PUB-03": "data holds a text that no database stores"})
class SaysHalfAnEmojiInData(Pocket):
    def data(self, entry: Any) -> dict[str, Any]:
        return {**super().data(entry), "lines": [{"title": "\ud83d"}]}


@breaks({"PUB-03": "data holds a float"})
class KeepsFloatsInData(Pocket):
    def data(self, entry: Any) -> dict[str, Any]:
        return {**super().data(entry), "lines": [{"price": entry.amount / 100}]}


@breaks({"PUB-03": "data holds a PaymentSnapshot"})
class KeepsObjectsInData(Pocket):
    def data(self, entry: Any) -> dict[str, Any]:
        return {**super().data(entry), "object": self.snapshot(entry)}
