"""Stripe's services, one class each: https://docs.stripe.com/payments/payment-methods/payment-method-support."""

from typing import Any, ClassVar

from medusa_payments.providers.stripe.provider import StripePaymentProvider


class StripeProvider(StripePaymentProvider):
    """Cards, wallets and whatever else Stripe offers the customer; the only one that authorizes without capturing."""


class BancontactProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("bancontact",)


class BlikProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("blik",)


class GiropayProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("giropay",)


class IdealProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("ideal",)


class Przelewy24Provider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("p24",)


class PromptPayProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("promptpay",)


class OxxoProvider(StripePaymentProvider):
    """A slip that is paid in cash at a shop within `oxxo_expires_days`."""

    service_types: ClassVar[tuple[str, ...]] = ("oxxo",)
    deferred_types: ClassVar[tuple[str, ...]] = ("oxxo",)

    def _fixed_parameters(self) -> dict[str, Any]:
        expiry = {"oxxo": {"expires_after_days": self.options.oxxo_expires_days}}
        return super()._fixed_parameters() | {"payment_method_options": expiry}


class SepaDebitProvider(StripePaymentProvider):
    """A debit whose outcome the customer's bank tells days later."""

    service_types: ClassVar[tuple[str, ...]] = ("sepa_debit",)
    deferred_types: ClassVar[tuple[str, ...]] = ("sepa_debit",)


class KlarnaProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("klarna",)


class LinkProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("link",)


class PayPalProvider(StripePaymentProvider):
    service_types: ClassVar[tuple[str, ...]] = ("paypal",)
