"""What comes in from a storefront, and what goes out to one."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from medusa_payments.providers import cleaning
from medusa_payments.providers.base import RESERVED_DATA_KEYS
from medusa_payments.testing.conformance.desk import Desk
from medusa_payments.testing.conformance.expectations import describe, expect, expect_refusal
from medusa_payments.testing.conformance.needs import allow_list, secrets
from medusa_payments.testing.conformance.rules import rule

_CANARY = "canary-4f9c1d27"

_CARD_NUMBER = "4242 4242 4242 4242"

_CARD = {"card": {"number": _CARD_NUMBER, "cvc": "123"}, "card_number": _CARD_NUMBER, "cvc": "123"}


@rule(
    "DAT-01",
    "Reserved keys in a storefront's data are refused with `ProviderRejected`, which names them and not their values.",
    change="Call `super().clean_client_data(data)` first.",
    stake="A customer could set the amount that is paid, or whose saved card is charged.",
)
def refuses_reserved_keys(desk: Desk) -> None:
    for key in sorted(RESERVED_DATA_KEYS):
        _expect_key_refused(desk, key, _CANARY)


@rule(
    "DAT-02",
    "Keys that the provider doesn't list in `client_data_keys` are refused, naming them and not their values.",
    change="List the few keys that a storefront may send, and call `super().clean_client_data(data)`.",
    stake="Whatever isn't checked goes to the provider: confirm flags, other people's payment methods.",
    needs=[allow_list],
)
def refuses_unknown_keys(desk: Desk) -> None:
    _expect_key_refused(desk, "surprising_key", _CANARY)


@rule(
    "DAT-03",
    "Card data is refused wherever it stands, and not repeated; cards go from the browser to the provider.",
    change="Call `super().clean_client_data(data)` first; take references to payment methods (tokens) only.",
    stake="One card number in a shop's database brings the whole shop under the card schemes' audits.",
)
def refuses_card_data(desk: Desk) -> None:
    allowed = sorted(desk.provider.client_data_keys or {"note"})
    for key, value in {**_CARD, **dict.fromkeys(allowed, _CARD_NUMBER)}.items():
        data = {**desk.bench.client_data(desk.payer), key: value}
        error = expect_refusal(partial(desk.provider.clean_client_data, data), f"card data under {key}")
        expect("4242" not in str(error), f"the message shows the card number under {key}")


@rule(
    "DAT-04",
    "What is allowed passes, and the caller's data is left as it was.",
    change="Return a new dict; don't change the one that came.",
    stake="The data is part of the stored request: a resend with other data is refused as another request.",
)
def passes_what_is_allowed(desk: Desk) -> None:
    for customer in sorted(desk.bench.customers):
        sent = desk.bench.client_data(customer)
        cleaned = desk.provider.clean_client_data(sent)
        expect(sent == desk.bench.client_data(customer), "the caller's dict was changed")
        expect(type(cleaned) is dict and cleaned is not sent, f"returned {describe(cleaned)}")
        expect(not RESERVED_DATA_KEYS & cleaned.keys(), "reserved keys were added")
        expect(desk.provider.clean_client_data(sent) == cleaned, "cleaning the same data twice differs")


@rule(
    "PUB-01",
    "`public_data_keys` names nothing that is an option.",
    change="List the few keys that a browser needs, such as a client secret made for it.",
    stake="What these keys hold is sent to every storefront.",
)
def publishes_no_options(desk: Desk) -> None:
    shared = desk.provider.public_data_keys & (desk.bench.options().keys() | desk.bench.secret_options)
    expect(not shared, f"public and an option: {', '.join(sorted(shared))}")


@rule(
    "PUB-02",
    "No secret option stands in a result's `data`.",
    change="Build `data` from what the service answered, not from the request or the client object.",
    stake="`data` is stored with the session and shown to staff: a secret key would be in every backup.",
    needs=[secrets],
)
def answers_without_secrets(desk: Desk) -> None:
    result = desk.initiate(desk.sale())
    shown = repr(dict(result.data))
    expect(not any(secret in shown for secret in desk.secrets()), "a secret option stands in data")


@rule(
    "PUB-03",
    "A result's `data` can be stored as JSON, without floats.",
    change="Return texts (no NUL, no half surrogates), whole numbers, truth values, None, lists, dicts with text keys.",
    stake="What can't be stored leaves a payment that was made unbooked.",
)
def answers_with_plain_data(desk: Desk) -> None:
    result = desk.initiate(desk.sale())
    odd = _odd_in(result.data)
    expect(not odd, f"data holds {odd}")


def _odd_in(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = [key for key in value if not isinstance(key, str)]
        return f"the key {describe(keys[0])}" if keys else _first(map(_odd_in, value.values()))
    if isinstance(value, list | tuple):
        return _first(map(_odd_in, value))
    if isinstance(value, str):
        return "" if cleaning.text(value) == value else "a text that no database stores"
    return "" if value is None or isinstance(value, int) else f"a {type(value).__name__}"


def _first(texts: Any) -> str:
    return next(filter(None, texts), "")


def _expect_key_refused(desk: Desk, key: str, value: Any) -> None:
    data = {**desk.bench.client_data(desk.payer), key: value}
    error = expect_refusal(lambda: desk.provider.clean_client_data(data), f"data with the key {key}")
    expect(key in str(error), f"the message doesn't name the key {key}")
    expect(_CANARY not in str(error), f"the message shows the value of {key}")
