"""Attempts to pay: confirming an intent, and what comes of it with each kind of payment method."""

from medusa_payments.testing.stripe_twin import charges, disputes, next_actions, payment_methods
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, shown
from medusa_payments.testing.stripe_twin.cards import Challenge, Decline, TwinCard
from medusa_payments.testing.stripe_twin.errors import StripeTwinError, card_error, doc_url, refused, unexpected_state
from medusa_payments.testing.stripe_twin.intent_types import check_return_url, chosen_types
from medusa_payments.testing.stripe_twin.method_types import METHOD_TYPES, Flow
from medusa_payments.testing.stripe_twin.wire import Document

DELAYED_SECONDS = "delayed_seconds"
"""After how long delayed payments are decided by themselves."""

_ONE_DAY = 24 * 60 * 60

_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")

_WRITABLE = ("capture_method", "receipt_email", "setup_future_usage", "shipping")

_REAUTHENTICATE = Decline(
    code="authentication_required",
    decline_code="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)

_NOT_AUTHENTICATED = Decline(
    code="payment_intent_authentication_failure",
    decline_code=None,
    message=(
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
        "PaymentMethod to attempt to fulfill this PaymentIntent again."
    ),
)

_NOT_PAID = Decline(
    code="payment_intent_payment_attempt_failed", decline_code=None, message="The payment attempt failed."
)

_DEBIT_FAILED = Decline(
    code="payment_intent_payment_attempt_failed",
    decline_code=None,
    message="The customer's bank account could not be debited.",
)

_VOUCHER_EXPIRED = Decline(
    code="payment_intent_payment_attempt_expired", decline_code=None, message="The voucher has expired."
)


def confirm(call: Call, params: Document, intent: str) -> Document:
    """Try to pay. Raises `StripeTwinError`: 402 when it is declined, 400 when it can't be tried."""
    return confirm_intent(call, call.get("payment_intent", intent, param="intent"), params, is_in_browser=False)


def confirm_intent(call: Call, intent: Document, params: Document, *, is_in_browser: bool) -> Document:
    """Try to pay with what an intent and the parameters say."""
    if intent["status"] not in _CONFIRMABLE:
        raise _not_confirmable(intent)
    intent.update({name: params[name] or None for name in _WRITABLE if name in params})
    write_options(intent, params)
    chosen_types(intent, {name: params[name] for name in params if name.endswith("payment_method_types")})
    method = _method(call, intent, params)
    check_return_url(intent, params)
    intent.update(payment_method=method["id"], last_payment_error=None, next_action=None)
    intent[HIDDEN]["return_url"] = params.get("return_url")
    return _attempt(call, intent, method, params, is_in_browser=is_in_browser)


def write_options(intent: Document, params: Document) -> None:
    """Merge options for kinds of payment method into an intent's own."""
    options = intent["payment_method_options"]
    for name, given in (params.get("payment_method_options") or {}).items():
        options[name] = {**options.get(name, {}), **given} if given else {}
    if options.get("card", {}).get("capture_method") == "manual":
        intent["capture_method"] = "manual"


def finish_action(call: Call, intent: Document, *, is_successful: bool) -> None:
    """The customer has done what was asked for at the bank, or has not. Declines stay on the intent."""
    if intent["status"] != "requires_action":
        raise unexpected_state(f"This PaymentIntent has a status of {intent['status']}.", shown(intent))
    method = call.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    try:
        if is_successful:
            _pay(call, intent, method, is_authenticated=True)
        else:
            _give_up(call, intent, method, _why_not_finished(method))
    except StripeTwinError as error:
        if not error.keeps_effects:
            raise


def settle(call: Call, intent: Document, *, is_successful: bool) -> None:
    """The bank decides about a payment that was processing, or a voucher is paid or expires. Else a no-op."""
    if intent["status"] == "requires_action":
        finish_action(call, intent, is_successful=is_successful)
    elif intent["status"] == "processing":
        charge = call.get("charge", intent["latest_charge"])
        if is_successful:
            charges.settle(call, charge)
            _succeeded(call, intent, charge)
        else:
            charges.fail(call, charge, _DEBIT_FAILED)
            _failed(call, intent, call.get("payment_method", charge["payment_method"]), _DEBIT_FAILED, charge)


def _method(call: Call, intent: Document, params: Document) -> Document:
    if "payment_method_data" in params:
        method = payment_methods.create(call, params["payment_method_data"])
    elif params.get("payment_method"):
        method = payment_methods.for_intent(call, params["payment_method"], intent["customer"])
    elif intent["payment_method"]:
        method = payment_methods.for_intent(call, intent["payment_method"], intent["customer"])
    else:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken."
        )
        raise unexpected_state(message, shown(intent))
    if method["type"] not in intent["payment_method_types"]:
        message = (
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Please attach a "
            f"PaymentMethod of one of the following types: {', '.join(intent['payment_method_types'])}."
        )
        raise refused(message, code="payment_intent_incompatible_payment_method", param="payment_method")
    if method["type"] == "card" and intent["statement_descriptor"]:
        message = (
            "The statement_descriptor parameter is not supported for the card payment method type. Instead, please use "
            "statement_descriptor_suffix to provide additional text on your customer's statement."
        )
        raise refused(message, param="statement_descriptor")
    return method


def _attempt(call: Call, intent: Document, method: Document, params: Document, *, is_in_browser: bool) -> Document:
    flow = METHOD_TYPES[method["type"]].flow
    card = payment_methods.card_of(method)
    is_off_session = bool(params.get("off_session"))
    if card is not None and _is_challenged(card, method, is_off_session=is_off_session):
        if is_off_session or params.get("error_on_requires_action"):
            return _decline(call, intent, method, _REAUTHENTICATE)
        return next_actions.require(call, intent, next_actions.challenge(call, intent, params, is_in_browser))
    if flow is Flow.NOW:
        return _pay(call, intent, method)
    if flow is Flow.DEBIT:
        return _debit(call, intent, method, params, is_in_browser=is_in_browser)
    return next_actions.require(call, intent, next_actions.for_flow(call, intent, method, flow))


def _is_challenged(card: TwinCard, method: Document, *, is_off_session: bool) -> bool:
    if card.challenge is Challenge.ON_SESSION:
        return not is_off_session
    if card.challenge is Challenge.UNTIL_SET_UP:
        return not method[HIDDEN].get("is_set_up")
    return card.challenge is Challenge.ALWAYS


def _pay(call: Call, intent: Document, method: Document, *, is_authenticated: bool = False) -> Document:
    card = payment_methods.card_of(method)
    if card is not None and card.decline is not None:
        return _decline(call, intent, method, card.decline)
    is_captured = intent["capture_method"] != "manual"
    charge = charges.succeed(call, intent, method, is_captured=is_captured)
    _keep(call, intent, method, is_authenticated=is_authenticated)
    if is_captured:
        return _succeeded(call, intent, charge)
    intent.update(status="requires_capture", amount_capturable=intent["amount"], latest_charge=charge["id"])
    call.save(intent)
    call.enter("authorize", intent, intent["amount"])
    call.tell("payment_intent.amount_capturable_updated", intent)
    return intent


def _debit(call: Call, intent: Document, method: Document, params: Document, *, is_in_browser: bool) -> Document:
    if not (is_in_browser or "mandate_data" in params or "mandate" in params or method[HIDDEN].get("is_set_up")):
        message = (
            "This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance from "
            "the customer and try again, providing acceptance data in the mandate_data parameter."
        )
        raise refused(message, code="payment_intent_mandate_invalid")
    charge = charges.wait(call, intent, method)
    _keep(call, intent, method, is_authenticated=True)
    intent.update(status="processing", latest_charge=charge["id"])
    call.save(intent)
    call.tell("payment_intent.processing", intent)
    change = "fail_payment" if method[HIDDEN].get("fails") else "settle_payment"
    call.schedule(change, intent["id"], seconds=float(call.books.setting(DELAYED_SECONDS, str(_ONE_DAY))))
    return intent


def _succeeded(call: Call, intent: Document, charge: Document) -> Document:
    intent.update(
        status="succeeded",
        amount_received=charge["amount_captured"],
        latest_charge=charge["id"],
        next_action=None,
    )
    call.save(intent)
    call.enter("authorize", intent, intent["amount"])
    call.tell("payment_intent.succeeded", intent)
    disputes.dispute_if_card_says_so(call, charge)
    return intent


def _decline(call: Call, intent: Document, method: Document, why: Decline) -> Document:
    charge = charges.decline(call, intent, method, why)
    payment_methods.use_up(call, method)
    error = _failed(call, intent, method, why, charge)
    raise card_error(error, payment_intent=shown(intent))


def _give_up(call: Call, intent: Document, method: Document, why: Decline) -> Document:
    return _failed(call, intent, method, why, None)


def _failed(call: Call, intent: Document, method: Document, why: Decline, charge: Document | None) -> Document:
    error = {"type": "card_error", **why.told(), "payment_method": shown(method)}
    if charge is not None:
        error["charge"] = charge["id"]
        intent["latest_charge"] = charge["id"]
    error["doc_url"] = doc_url(why.code)
    intent.update(status="requires_payment_method", payment_method=None, next_action=None, last_payment_error=error)
    call.save(intent)
    call.tell("payment_intent.payment_failed", intent)
    return dict(error)


def _keep(call: Call, intent: Document, method: Document, *, is_authenticated: bool) -> None:
    """Save a method that is wanted for later, and use up one that belongs to nobody."""
    if intent["customer"] and intent["setup_future_usage"]:
        method[HIDDEN]["is_set_up"] = is_authenticated or method[HIDDEN].get("is_set_up", False)
        call.save(method)
        payment_methods.attached(call, method, intent["customer"])
    else:
        payment_methods.use_up(call, method)


def _why_not_finished(method: Document) -> Decline:
    flow = METHOD_TYPES[method["type"]].flow
    if flow is Flow.NOW:
        return _NOT_AUTHENTICATED
    return _VOUCHER_EXPIRED if flow is Flow.VOUCHER else _NOT_PAID


def _not_confirmable(intent: Document) -> StripeTwinError:
    if intent["status"] in {"succeeded", "requires_capture"}:
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        )
    else:
        message = (
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent"
            f" with one of the following statuses may be confirmed: {', '.join(_CONFIRMABLE)}."
        )
    return unexpected_state(message, shown(intent))
