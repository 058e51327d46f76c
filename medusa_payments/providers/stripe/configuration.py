"""Settings for all of Stripe's services from one set of options, as Medusa's plugin registers them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One way to pay. `identifier` is the middle part of its provider id (`pp_{identifier}_{id}`)."""

    identifier: str
    class_name: str


SERVICES = (
    Service(identifier="stripe", class_name="StripeProvider"),
    Service(identifier="stripe-bancontact", class_name="BancontactProvider"),
    Service(identifier="stripe-blik", class_name="BlikProvider"),
    Service(identifier="stripe-giropay", class_name="GiropayProvider"),
    Service(identifier="stripe-ideal", class_name="IdealProvider"),
    Service(identifier="stripe-przelewy24", class_name="Przelewy24Provider"),
    Service(identifier="stripe-promptpay", class_name="PromptPayProvider"),
    Service(identifier="stripe-oxxo", class_name="OxxoProvider"),
    Service(identifier="stripe-sepa-debit", class_name="SepaDebitProvider"),
    Service(identifier="stripe-klarna", class_name="KlarnaProvider"),
    Service(identifier="stripe-link", class_name="LinkProvider"),
    Service(identifier="stripe-paypal", class_name="PayPalProvider"),
)


def stripe_providers(
    options: Mapping[str, Any], *, id: str = "stripe", services: Collection[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Return entries for `MEDUSA_PAYMENTS["PROVIDERS"]`: `pp_stripe_{id}`, `pp_stripe-ideal_{id}` and so on.

    `services` names identifiers (`stripe`, `stripe-ideal` …); without it there is an entry for each. Raises
    `ValueError` for an unknown one.
    """
    wanted = {service.identifier for service in SERVICES} if services is None else set(services)
    unknown = wanted - {service.identifier for service in SERVICES}
    if unknown:
        raise ValueError(f"unknown Stripe services: {', '.join(sorted(unknown))}")
    return {
        f"pp_{service.identifier}_{id}": {
            "BACKEND": f"medusa_payments.providers.stripe.{service.class_name}",
            "OPTIONS": dict(options),
        }
        for service in SERVICES
        if service.identifier in wanted
    }
