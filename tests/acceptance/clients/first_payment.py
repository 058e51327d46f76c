"""The README's first payment with a typed client that was generated from `docs/openapi.yaml`.

Run by `test_python_client.py`, which also has its types checked: `python first_payment.py <base url> <region>`. Prints
what became of the money: the collection's status and totals, then each amount that the provider moved, by verb.
"""

import json
import sys
from typing import TypeVar

from demo_client import AuthenticatedClient
from demo_client.api.admin_payments import admin_capture_payment, admin_list_payments, admin_refund_payment
from demo_client.api.demo_shop import add_line_item, create_cart, get_fake_provider_ledger, log_in
from demo_client.api.store_payment_collections import (
    authorize_payment_session,
    create_payment_collection,
    get_payment_collection,
    initialize_payment_session,
)
from demo_client.models import (
    AdminCreatePaymentCapture,
    AdminCreatePaymentRefund,
    EmailpassLogin,
    PaymentCollection,
    PaymentCollectionStatusEnum,
    PaymentError,
    PaymentLoginNeeded,
    PaymentSessionStatusEnum,
    StoreAddCartLineItem,
    StoreCreateCart,
    StoreCreatePaymentCollection,
    StoreInitializePaymentSession,
)
from demo_client.types import Unset

KEY = "pk_demo"

AnswerT = TypeVar("AnswerT")
ValueT = TypeVar("ValueT")


def good(answer: AnswerT | PaymentError | PaymentLoginNeeded | None) -> AnswerT:
    """Return an answer that is no error."""
    if answer is None or isinstance(answer, PaymentError | PaymentLoginNeeded):
        raise SystemExit(f"refused: {answer}")
    return answer


def given(value: ValueT | Unset) -> ValueT:
    """Return a value that `fields` could have left out, and didn't."""
    if isinstance(value, Unset):
        raise SystemExit("a default field is missing")
    return value


class Shop:
    """A storefront and a back office over one base URL."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.guest = AuthenticatedClient(base_url=base_url, token="", prefix="")

    def full_cart(self, region_id: str) -> str:
        cart = good(
            create_cart.sync(client=self.guest, body=StoreCreateCart(region_id=region_id), x_publishable_api_key=KEY)
        )
        for variant_id, quantity in (("variant_tshirt_m", 2), ("variant_sticker", 1)):
            item = StoreAddCartLineItem(variant_id=variant_id, quantity=quantity)
            good(add_line_item.sync(cart.cart.id, client=self.guest, body=item, x_publishable_api_key=KEY))
        return cart.cart.id

    def authorized(self, cart_id: str) -> PaymentCollection:
        body = StoreCreatePaymentCollection(cart_id=cart_id)
        made = good(create_payment_collection.sync(client=self.guest, body=body, x_publishable_api_key=KEY))
        collection_id = made.payment_collection.id
        chosen = StoreInitializePaymentSession(provider_id="pp_fake_fake")
        begun = good(
            initialize_payment_session.sync(collection_id, client=self.guest, body=chosen, x_publishable_api_key=KEY)
        )
        [session] = given(begun.payment_collection.payment_sessions)
        if session.status is not PaymentSessionStatusEnum.PENDING:
            raise SystemExit(f"a new session is {session.status}")
        paid = good(
            authorize_payment_session.sync(collection_id, session.id, client=self.guest, x_publishable_api_key=KEY)
        )
        return paid.payment_collection

    def staff(self) -> AuthenticatedClient:
        login = EmailpassLogin(email="admin@example.com", password="admin")
        return AuthenticatedClient(base_url=self.base_url, token=good(log_in.sync(client=self.guest, body=login)).token)

    def captured_and_partly_refunded(self, payment_id: str, back: float) -> None:
        staff = self.staff()
        good(admin_capture_payment.sync(payment_id, client=staff, body=AdminCreatePaymentCapture()))
        refund = AdminCreatePaymentRefund(amount=back, note="Sorry for the wait")
        again = (admin_refund_payment.sync(payment_id, client=staff, body=refund, idempotency_key="once") for _ in "12")
        first, second = map(good, again)
        if first != second:
            raise SystemExit("a repeat under one key is another answer")
        listed = good(admin_list_payments.sync(client=staff, id=payment_id, limit=5))
        if [payment.id for payment in listed.payments] != [payment_id]:
            raise SystemExit("the list is filtered by id")

    def refused(self, payment_id: str) -> str:
        """Return how a guest is refused what the staff may do."""
        answer = admin_capture_payment.sync(payment_id, client=self.guest)
        return answer.message if isinstance(answer, PaymentLoginNeeded) else f"not refused: {answer}"


def main(base_url: str, region_id: str, back: float) -> None:
    shop = Shop(base_url)
    collection = shop.authorized(shop.full_cart(region_id))
    [payment] = given(collection.payments)
    refusal = shop.refused(payment.id)
    shop.captured_and_partly_refunded(payment.id, back)
    with_text = "+raw_refunded_amount"
    last = get_payment_collection.sync(collection.id, client=shop.guest, x_publishable_api_key=KEY, fields=with_text)
    state = good(last).payment_collection
    ledger = good(get_fake_provider_ledger.sync(client=shop.guest))
    result = {
        "refusal": refusal,
        "is_completed": given(state.status) is PaymentCollectionStatusEnum.COMPLETED,
        "totals": [given(state.amount), given(state.captured_amount), given(state.refunded_amount)],
        "exact": given(state.raw_refunded_amount).value,
        "time_zone": str(given(state.created_at).tzinfo),
        "moved": [[entry.verb, entry.amount] for entry in ledger.entries],
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
