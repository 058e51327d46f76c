"""Which calls the twin answers: method, address, parameters, and who does it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from medusa_payments.testing.stripe_twin import (
    attempts,
    captures,
    charges,
    customers,
    disputes,
    events,
    intents,
    payment_methods,
    refunds,
    setup_intents,
)
from medusa_payments.testing.stripe_twin.errors import StripeTwinError, refused
from medusa_payments.testing.stripe_twin.wire import Document

NOT_SIMULATED = frozenset(
    {
        "amount_to_confirm", "application_fee_amount", "attach_to_self", "cash_balance", "confirmation_token",
        "customer_account", "delivery_success", "flow_directions", "instructions_email", "on_behalf_of", "origin",
        "refund_application_fee", "reverse_transfer", "single_use", "source", "test_clock", "transfer_data",
    }
)  # fmt: skip
"""Parameters that Stripe knows and the twin would have to ignore; it says so instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`name` is what faults are set by, `definition` the class in `stripe.params` that says what may be sent."""

    name: str
    method: str
    pattern: re.Pattern[str]
    definition: str
    handler: Callable[..., Document]


def _endpoint(method: str, path: str, name: str, definition: str, handler: Callable[..., Document]) -> Endpoint:
    pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))
    return Endpoint(name=name, method=method, pattern=pattern, definition=definition, handler=handler)


_INTENT = "/v1/payment_intents/{intent}"
_SETUP = "/v1/setup_intents/{intent}"
_METHOD = "/v1/payment_methods/{payment_method}"
_CUSTOMER = "/v1/customers/{customer}"

_ENDPOINTS = (
    _endpoint(
        "GET", "/v1/payment_intents/search", "payment_intents.search", "PaymentIntentSearchParams", intents.search
    ),
    _endpoint("POST", "/v1/payment_intents", "payment_intents.create", "PaymentIntentCreateParams", intents.create),
    _endpoint("GET", "/v1/payment_intents", "payment_intents.list", "PaymentIntentListParams", intents.list_all),
    _endpoint("GET", _INTENT, "payment_intents.retrieve", "PaymentIntentRetrieveParams", intents.retrieve),
    _endpoint("POST", _INTENT, "payment_intents.update", "PaymentIntentUpdateParams", intents.update),
    _endpoint("POST", f"{_INTENT}/confirm", "payment_intents.confirm", "PaymentIntentConfirmParams", attempts.confirm),
    _endpoint("POST", f"{_INTENT}/capture", "payment_intents.capture", "PaymentIntentCaptureParams", captures.capture),
    _endpoint("POST", f"{_INTENT}/cancel", "payment_intents.cancel", "PaymentIntentCancelParams", captures.cancel),
    _endpoint("POST", "/v1/setup_intents", "setup_intents.create", "SetupIntentCreateParams", setup_intents.create),
    _endpoint("GET", "/v1/setup_intents", "setup_intents.list", "SetupIntentListParams", setup_intents.list_all),
    _endpoint("GET", _SETUP, "setup_intents.retrieve", "SetupIntentRetrieveParams", setup_intents.retrieve),
    _endpoint("POST", _SETUP, "setup_intents.update", "SetupIntentUpdateParams", setup_intents.update),
    _endpoint("POST", f"{_SETUP}/confirm", "setup_intents.confirm", "SetupIntentConfirmParams", setup_intents.confirm),
    _endpoint("POST", f"{_SETUP}/cancel", "setup_intents.cancel", "SetupIntentCancelParams", setup_intents.cancel),
    _endpoint("POST", "/v1/customers", "customers.create", "CustomerCreateParams", customers.create),
    _endpoint("GET", "/v1/customers", "customers.list", "CustomerListParams", customers.list_all),
    _endpoint("GET", _CUSTOMER, "customers.retrieve", "CustomerRetrieveParams", customers.retrieve),
    _endpoint("POST", _CUSTOMER, "customers.update", "CustomerUpdateParams", customers.update),
    _endpoint("DELETE", _CUSTOMER, "customers.delete", "CustomerDeleteParams", customers.delete),
    _endpoint(
        "GET",
        f"{_CUSTOMER}/payment_methods",
        "customers.payment_methods.list",
        "CustomerPaymentMethodListParams",
        payment_methods.list_of_customer,
    ),
    _endpoint(
        "GET",
        f"{_CUSTOMER}/payment_methods/{{payment_method}}",
        "customers.payment_methods.retrieve",
        "CustomerPaymentMethodRetrieveParams",
        payment_methods.retrieve_of_customer,
    ),
    _endpoint(
        "POST", "/v1/payment_methods", "payment_methods.create", "PaymentMethodCreateParams", payment_methods.create
    ),
    _endpoint(
        "GET", "/v1/payment_methods", "payment_methods.list", "PaymentMethodListParams", payment_methods.list_all
    ),
    _endpoint("GET", _METHOD, "payment_methods.retrieve", "PaymentMethodRetrieveParams", payment_methods.retrieve),
    _endpoint("POST", _METHOD, "payment_methods.update", "PaymentMethodUpdateParams", payment_methods.update),
    _endpoint(
        "POST", f"{_METHOD}/attach", "payment_methods.attach", "PaymentMethodAttachParams", payment_methods.attach
    ),
    _endpoint(
        "POST", f"{_METHOD}/detach", "payment_methods.detach", "PaymentMethodDetachParams", payment_methods.detach
    ),
    _endpoint("GET", "/v1/charges", "charges.list", "ChargeListParams", charges.list_all),
    _endpoint("GET", "/v1/charges/{charge}", "charges.retrieve", "ChargeRetrieveParams", charges.retrieve),
    _endpoint("POST", "/v1/charges/{charge}", "charges.update", "ChargeUpdateParams", charges.update),
    _endpoint("POST", "/v1/refunds", "refunds.create", "RefundCreateParams", refunds.create),
    _endpoint("GET", "/v1/refunds", "refunds.list", "RefundListParams", refunds.list_all),
    _endpoint("GET", "/v1/refunds/{refund}", "refunds.retrieve", "RefundRetrieveParams", refunds.retrieve),
    _endpoint("POST", "/v1/refunds/{refund}", "refunds.update", "RefundUpdateParams", refunds.update),
    _endpoint("GET", "/v1/disputes", "disputes.list", "DisputeListParams", disputes.list_all),
    _endpoint("GET", "/v1/disputes/{dispute}", "disputes.retrieve", "DisputeRetrieveParams", disputes.retrieve),
    _endpoint("POST", "/v1/disputes/{dispute}", "disputes.update", "DisputeUpdateParams", disputes.update),
    _endpoint("POST", "/v1/disputes/{dispute}/close", "disputes.close", "DisputeCloseParams", disputes.close),
    _endpoint("GET", "/v1/events", "events.list", "EventListParams", events.list_all),
    _endpoint("GET", "/v1/events/{event}", "events.retrieve", "EventRetrieveParams", events.retrieve),
)

NAMES = frozenset(endpoint.name for endpoint in _ENDPOINTS)


def endpoint_of(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """Return which endpoint an address means, and the ids in it. Raises `StripeTwinError` (404)."""
    for endpoint in _ENDPOINTS:
        match = endpoint.pattern.fullmatch(path)
        if match and endpoint.method == method:
            return endpoint, match.groupdict()
    raise _unrecognized(method, path)


def check_simulated(params: Document) -> None:
    """Raise `StripeTwinError` for a parameter that the twin would have to ignore."""
    for name in sorted(NOT_SIMULATED & params.keys()):
        raise refused(f"The twin doesn't simulate the parameter {name}.", param=name, is_remembered=False)


def _unrecognized(method: str, path: str) -> StripeTwinError:
    message = f"Unrecognized request URL ({method}: {path}). The twin doesn't know it."
    return refused(message, status=404, is_remembered=False)
