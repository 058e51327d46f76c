"""Stripe's test cards, and what becomes of a payment with each: https://docs.stripe.com/testing ."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum


class Challenge(StrEnum):
    """When the customer's bank wants the customer to authenticate. `until_set_up`: while the shopper is there, and
    never again once the card was set up for later payments.
    """

    NEVER = "never"
    ON_SESSION = "on_session"
    UNTIL_SET_UP = "until_set_up"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """`advice_code` is what Stripe advises, `network_…` what the card's network said."""

    code: str
    decline_code: str | None
    message: str
    param: str | None = None
    advice_code: str | None = None
    network_advice_code: str | None = None
    network_decline_code: str | None = None

    def told(self) -> dict[str, str]:
        """Return what an error says of it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinCard:
    """`name` is what follows `pm_card_` and `tok_`. `is_savable`: it can be attached although it is declined later.

    `dispute_reason` and `is_inquiry` make a dispute of every charge; `refund` is what becomes of refunds.
    """

    name: str
    number: str
    brand: str = "visa"
    funding: str = "credit"
    decline: Decline | None = None
    is_savable: bool = True
    challenge: Challenge = Challenge.NEVER
    dispute_reason: str | None = None
    is_inquiry: bool = False
    refund: str = "succeeds"

    @property
    def last4(self) -> str:
        return self.number[-4:]


_DECLINED = "Your card was declined."

_GENERIC = Decline(
    code="card_declined",
    decline_code="generic_decline",
    message=_DECLINED,
    advice_code="try_again_later",
    network_decline_code="01",
)
_INSUFFICIENT = Decline(
    code="card_declined",
    decline_code="insufficient_funds",
    message="Your card has insufficient funds.",
    advice_code="try_again_later",
    network_advice_code="02",
    network_decline_code="51",
)
_VELOCITY = Decline(
    code="card_declined",
    decline_code="card_velocity_exceeded",
    message="Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    advice_code="try_again_later",
    network_advice_code="02",
    network_decline_code="61",
)
_STOLEN = Decline(
    code="card_declined",
    decline_code="stolen_card",
    message=_DECLINED,
    advice_code="do_not_try_again",
    network_advice_code="01",
    network_decline_code="43",
)
_LOST = replace(_STOLEN, decline_code="lost_card", network_decline_code="41")
_FRAUDULENT = Decline(code="card_declined", decline_code="fraudulent", message=_DECLINED)
_EXPIRED = Decline(
    code="expired_card",
    decline_code="expired_card",
    message="Your card has expired.",
    param="exp_month",
    advice_code="confirm_card_data",
    network_advice_code="03",
    network_decline_code="54",
)
_CVC = Decline(
    code="incorrect_cvc",
    decline_code="incorrect_cvc",
    message="Your card's security code is incorrect.",
    param="cvc",
    advice_code="confirm_card_data",
)
_PROCESSING = Decline(
    code="processing_error",
    decline_code="processing_error",
    message="An error occurred while processing your card. Try again in a little bit.",
    advice_code="try_again_later",
)

_CARDS = (
    TwinCard(name="visa", number="4242424242424242"),
    TwinCard(name="visa_debit", number="4000056655665556", funding="debit"),
    TwinCard(name="mastercard", number="5555555555554444", brand="mastercard"),
    TwinCard(name="mastercard_debit", number="5200828282828210", brand="mastercard", funding="debit"),
    TwinCard(name="mastercard_prepaid", number="5105105105105100", brand="mastercard", funding="prepaid"),
    TwinCard(name="amex", number="378282246310005", brand="amex"),
    TwinCard(name="discover", number="6011111111111117", brand="discover"),
    TwinCard(name="diners", number="3056930009020004", brand="diners"),
    TwinCard(name="jcb", number="3566002020360505", brand="jcb"),
    TwinCard(name="unionpay", number="6200000000000005", brand="unionpay"),
    TwinCard(name="bypassPending", number="4000000000000077"),
    TwinCard(name="visa_chargeDeclined", number="4000000000000002", decline=_GENERIC, is_savable=False),
    TwinCard(
        name="visa_chargeDeclinedInsufficientFunds", number="4000000000009995", decline=_INSUFFICIENT, is_savable=False
    ),
    TwinCard(name="visa_chargeDeclinedLostCard", number="4000000000009987", decline=_LOST, is_savable=False),
    TwinCard(
        name="visa_chargeDeclinedStolenCard",
        number="4000000000009979",
        decline=_STOLEN,
        is_savable=False,
    ),
    TwinCard(name="chargeDeclinedExpiredCard", number="4000000000000069", decline=_EXPIRED, is_savable=False),
    TwinCard(name="chargeDeclinedIncorrectCvc", number="4000000000000127", decline=_CVC, is_savable=False),
    TwinCard(name="chargeDeclinedProcessingError", number="4000000000000119", decline=_PROCESSING, is_savable=False),
    TwinCard(
        name="visa_chargeDeclinedVelocityLimitExceeded",
        number="4000000000006975",
        decline=_VELOCITY,
        is_savable=False,
    ),
    TwinCard(name="radarBlock", number="4100000000000019", decline=_FRAUDULENT),
    TwinCard(name="chargeCustomerFail", number="4000000000000341", decline=_GENERIC),
    TwinCard(name="authenticationRequiredOnSetup", number="4000002500003155", challenge=Challenge.UNTIL_SET_UP),
    TwinCard(name="authenticationRequired", number="4000002760003184", challenge=Challenge.ALWAYS),
    TwinCard(
        name="authenticationRequiredSetupForOffSession", number="4000003800000446", challenge=Challenge.ON_SESSION
    ),
    TwinCard(
        name="authenticationRequiredChargeDeclinedInsufficientFunds",
        number="4000008260003178",
        challenge=Challenge.ALWAYS,
        decline=_INSUFFICIENT,
    ),
    TwinCard(name="threeDSecure2Required", number="4000000000003220", challenge=Challenge.ALWAYS),
    TwinCard(name="threeDSecureRequired", number="4000000000003063", challenge=Challenge.ALWAYS),
    TwinCard(
        name="threeDSecureRequiredChargeDeclined",
        number="4000008400001629",
        challenge=Challenge.ALWAYS,
        decline=_GENERIC,
    ),
    TwinCard(name="threeDSecureOptional", number="4000000000003055"),
    TwinCard(name="createDispute", number="4000000000000259", dispute_reason="fraudulent"),
    TwinCard(name="createDisputeProductNotReceived", number="4000000000002685", dispute_reason="product_not_received"),
    TwinCard(
        name="createDisputeInquiry", number="4000000000001976", dispute_reason="product_not_received", is_inquiry=True
    ),
    TwinCard(name="pendingRefund", number="4000000000007726", refund="succeeds_later"),
    TwinCard(name="refundFail", number="4000000000005126", refund="fails_later"),
)

_BY_NAME = {card.name: card for card in _CARDS} | {
    "chargeDeclined": next(card for card in _CARDS if card.name == "visa_chargeDeclined")
}

_BY_NUMBER = {card.number: card for card in _CARDS}


def card_of_id(test_id: str) -> TwinCard | None:
    """Return the card behind `pm_card_…` or `tok_…`; None for any other id."""
    for prefix in ("pm_card_", "tok_"):
        if test_id.startswith(prefix):
            return _BY_NAME.get(test_id.removeprefix(prefix))
    return None


def card_of_name(name: str) -> TwinCard:
    return _BY_NAME[name]


def card_of_number(number: str) -> TwinCard | None:
    """Return the test card with a number; None for a number that is none's."""
    return _BY_NUMBER.get(number.replace(" ", "").replace("-", ""))


def is_card_number(number: str) -> bool:
    """Say whether the digits could be a card's: their number and the check digit."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)]
    return 12 <= len(digits) <= 19 and sum(doubled) % 10 == 0
