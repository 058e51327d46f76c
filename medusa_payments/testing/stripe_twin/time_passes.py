"""What happens by itself when its time has come."""

from collections.abc import Callable

from medusa_payments.testing.stripe_twin import attempts, captures, refunds
from medusa_payments.testing.stripe_twin.accounts import account_of_scope
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.call import Call
from medusa_payments.testing.stripe_twin.wire import Document

_VOUCHERS = ("oxxo_display_details", "promptpay_display_qr_code")


def pass_time(books: Books, *, base_url: str) -> None:
    """Let everything happen that has been due since the last call."""
    while (due := books.take_due()) is not None:
        account = account_of_scope(books, due.scope)
        call = Call(books=books, account=account, now=int(due.at), base_url=base_url)
        subject = books.get(due.scope, due.object_id)
        if subject is not None:
            _CHANGES[due.change](call, subject)


def _expire_authorization(call: Call, intent: Document) -> None:
    captures.expire(call, intent)


def _settle_payment(call: Call, intent: Document) -> None:
    if intent["status"] == "processing":
        attempts.settle(call, intent, is_successful=True)


def _fail_payment(call: Call, intent: Document) -> None:
    if intent["status"] == "processing":
        attempts.settle(call, intent, is_successful=False)


def _settle_voucher(call: Call, intent: Document) -> None:
    if _is_voucher(intent):
        attempts.settle(call, intent, is_successful=True)


def _expire_voucher(call: Call, intent: Document) -> None:
    if _is_voucher(intent):
        attempts.settle(call, intent, is_successful=False)


def _is_voucher(intent: Document) -> bool:
    action = intent["next_action"]
    return action is not None and action["type"] in _VOUCHERS


_CHANGES: dict[str, Callable[[Call, Document], None]] = {
    "expire_authorization": _expire_authorization,
    "settle_payment": _settle_payment,
    "fail_payment": _fail_payment,
    "settle_voucher": _settle_voucher,
    "expire_voucher": _expire_voucher,
    "settle_refund": refunds.settle,
    "fail_refund": refunds.fail,
}
