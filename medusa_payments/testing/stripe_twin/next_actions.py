"""What a customer has to do before a payment goes on: authenticate, go to the bank's page, pay a voucher."""

from typing import Any

from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, new_id
from medusa_payments.testing.stripe_twin.errors import refused
from medusa_payments.testing.stripe_twin.method_types import Flow
from medusa_payments.testing.stripe_twin.wire import Document

_ONE_DAY = 24 * 60 * 60

_UNPAID_EMAILS = ("expire", "fill_never")
"""With these in the customer's email a voucher isn't paid: https://docs.stripe.com/payments/oxxo ."""


def require(call: Call, intent: Document, action: Document) -> Document:
    """Leave an intent waiting for its customer."""
    intent.update(status="requires_action", next_action=action)
    call.save(intent)
    call.tell(f"{intent['object']}.requires_action", intent)
    return intent


def challenge(call: Call, intent: Document, params: Document, is_in_browser: bool) -> Document:
    """3-D Secure: within the page where Stripe's own script runs, else at a page of its own."""
    return_url = params.get("return_url")
    if return_url and not is_in_browser and not params.get("use_stripe_sdk"):
        return _redirect(call, intent, return_url)
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {
            "type": "three_d_secure_redirect",
            "source": new_id("src"),
            "stripe_js": _page(call, intent),
        },
    }


def for_flow(call: Call, intent: Document, method: Document, flow: Flow) -> Document:
    """Return what a customer has to do with a method that isn't decided at once."""
    if flow is Flow.REDIRECT:
        return_url = intent[HIDDEN].get("return_url")
        if not return_url:
            raise refused(f"A return_url must be provided for {method['type']}.", param="return_url")
        return _redirect(call, intent, return_url)
    if flow is Flow.APP:
        _check_code(intent)
        return {"type": "blik_authorize", "blik_authorize": {}}
    return _voucher(call, intent, method)


def _redirect(call: Call, intent: Document, return_url: str) -> Document:
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": _page(call, intent)},
    }


def _page(call: Call, intent: Document) -> str:
    return f"{call.base_url}/twin/redirect/{intent['id']}?client_secret={intent['client_secret']}"


def _check_code(intent: Document) -> None:
    code = intent["payment_method_options"].get("blik", {}).get("code", "")
    if len(code) != 6 or not code.isdigit():
        message = "The BLIK code must have six digits."
        raise refused(message, code="parameter_missing", param="payment_method_options[blik][code]")


def _voucher(call: Call, intent: Document, method: Document) -> Document:
    options = intent["payment_method_options"].get(method["type"], {})
    lifetime = int(options.get("expires_after_days", 3)) * _ONE_DAY
    _schedule_payment(call, intent, method, lifetime)
    details: dict[str, Any] = {"hosted_voucher_url": _page(call, intent)}
    if method["type"] == "oxxo":
        details |= {"expires_after": call.now + lifetime, "number": "12345678901234657890123456789012"}
        return {"type": "oxxo_display_details", "oxxo_display_details": details}
    code = {"data": "twin", "hosted_instructions_url": _page(call, intent), "image_url_png": "", "image_url_svg": ""}
    return {"type": "promptpay_display_qr_code", "promptpay_display_qr_code": code}


def _schedule_payment(call: Call, intent: Document, method: Document, lifetime: int) -> None:
    email = method["billing_details"]["email"] or ""
    if not any(word in email for word in _UNPAID_EMAILS):
        seconds = float(call.books.setting("delayed_seconds", str(_ONE_DAY)))
        call.schedule("settle_voucher", intent["id"], seconds=seconds)
    call.schedule("expire_voucher", intent["id"], seconds=lifetime)
