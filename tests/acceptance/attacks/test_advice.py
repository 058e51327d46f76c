"""Advice that works: each step that one of our messages advises is taken here, and leads on.

`ADVICE` names the test of each; a message that advises and isn't listed fails, and so does a row without its message.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from medusa_payments.core.saga import comparing
from medusa_payments.customers import Customer
from medusa_payments.exceptions import (
    Conflict,
    InsideTransaction,
    InvalidData,
    NotAllowed,
    PaymentOutcomeUnknown,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.services import (
    account_holders,
    captures,
    decisions,
    payment_collections,
    payment_sessions,
    publishable_keys,
    refunds,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.acceptance.attacks.advising import ROOT, advising_texts
from tests.audit import differences
from tests.scripted import SECOND, Moved, Script, Verb, answer_lost, authorize, lost, run_out, unavailable
from tests.split import split, tender
from tests.till import Till

pytestmark = pytest.mark.django_db

ADMIN = "tests/admin/test_money_outcomes.py::"
HERE = "tests/acceptance/attacks/"
JANE = Customer(id="jane", email="jane@example.com")
NOT_SCRIPTED = "how Stripe opens accounts isn't scripted: tests/providers/stripe/test_account_holders.py"

ADVICE = {
    "Payment provider {} can't be reached; nothing was done. Try again later.": "test_try_again_later",
    "No money moved. Repeat the same request to find out": "test_repeat_the_same_request_about_an_account",
    "is not known yet. Repeat the same request to find out": "test_repeat_the_same_request",
    "Staff must look at it first.": "test_a_person_looks_at_a_frozen_payment",
    "Call it after commit, with transaction.on_commit() or outside atomic().": "test_call_it_after_commit_or_outside",
    "is captured in full. Refund it instead.": "test_refund_it_instead",
    "Payment collection {} failed. Choose how to pay it once more.": "test_choose_how_to_pay_it_once_more",
    "since the payment session was initialized. Initialize the payment session again.": "test_initialize_again",
    "since its payment was authorized. Initialize the payment session again.": "test_initialize_again_in_the_demo",
    "Cancel the payment collection and pay with a new one": "test_cancel_and_pay_anew",
    "or make one for what is lacking.": "test_make_one_for_what_is_lacking",
    "which the shop has to decide about. Create a new payment collection": (
        HERE + "test_32_to_47_changed_carts.py::test_35_money_in_another_currency_stays_and_the_cart_is_paid_anew"
    ),
    "and isn't the cart's any more. Create a new payment collection": (
        HERE + "test_32_to_47_changed_carts.py::test_35_the_other_tab_is_told_the_same"
    ),
    "This choice of a payment provider was replaced by a newer one. Choose again": "test_choose_again",
    "These payment sessions were replaced by newer ones. Choose again": "test_choose_again_several",
    "can't take an amount of 0. Use pp_system_default for it.": "test_use_the_system_provider",
    "Send Content-Length.": "test_send_content_length",
    "You can manage your keys in settings in the dashboard.": "test_manage_your_keys",
    "Send a new UUID for a new refund, and the same one again": "test_send_an_idempotency_key",
    "Send the body as application/json.": "test_send_json",
    "You may retry the request with the provided Idempotency-Key.": "test_retry_with_the_idempotency_key",
    "so the outcome is unknown. Submit again": ADMIN + "test_submitting_again_finds_the_outcome",
    "in flight or unknown. Submit again to find out": ADMIN + "test_payment_page_links_to_the_unknown_operation",
    "Staff must check the payment and unfreeze it first.": "test_a_person_looks_at_a_frozen_payment",
    "is in progress. Submit again in a moment": ADMIN + "test_another_request_in_progress_is_waited_for",
    "No money was moved. Submit again in a moment.": ADMIN + "test_unreachable_provider_can_be_tried_again",
    "No money was moved. Submit again.": ADMIN + "test_unreachable_provider_can_be_tried_again",
    "and is done: operation {}, {} {}. Send an Idempotency-Key to do it again.": (
        HERE + "test_32_to_47_retries.py::test_32_a_clerk_who_polled_is_asked_once_more_before_an_equal_refund_moves"
    ),
    "Log in as that customer, or choose another way to pay.": (
        HERE + "test_32_to_47_shoppers.py::test_37_logging_in_or_paying_another_way_leads_on"
    ),
    "Too many attempts to pay {}. Try again later.": (
        HERE + "test_card_testing.py::test_the_same_request_goes_on_when_the_time_is_over"
    ),
    "Too many requests. Try again later.": HERE + "test_card_testing.py::test_a_day_later_the_same_request_goes_on",
    "Nothing was sent to a payment provider. Try again later.": (
        HERE + "test_32_to_47_database.py::test_43_a_lock_that_takes_too_long"
    ),
}
"""What is advised, and the test that does it."""


def test_every_message_that_advises_is_listed() -> None:
    texts = set(advising_texts())
    assert [text for text in texts if not any(advice in text for advice in ADVICE)] == []
    assert [advice for advice in ADVICE if not any(advice in text for text in texts)] == []


@pytest.mark.parametrize("test", sorted(set(ADVICE.values())))
def test_every_advice_has_its_test(test: str) -> None:
    module, _, name = test.rpartition("::")
    source = (ROOT / module).read_text() if module else Path(__file__).read_text()
    assert f"def {name}(" in source


@pytest.fixture
def staff(db: None) -> APIClient:
    client = APIClient()
    client.force_authenticate(User.objects.create_superuser("staff"))
    return client


@pytest.fixture
def storefront(till: Till) -> APIClient:
    publishable_keys.create(title="Storefront", token="pk_test")
    return APIClient(headers={"x-publishable-api-key": "pk_test"})


@pytest.fixture
def advised() -> Callable[..., Any]:
    """Return a function that says whether a call failed with a message that holds some words."""

    def check(call: Callable[[], Any], error: type[PaymentsError], words: str) -> None:
        with pytest.raises(error) as raised:
            call()
        assert words in raised.value.message

    return check


def post(client: APIClient, path: str, body: Any = None, **options: Any) -> Any:
    return client.post(path, body or {}, format="json", **options)


class TestWhatTheProviderDidNotSay:
    def test_try_again_later(self, till: Till, script: Script, staff: APIClient, moved: Moved) -> None:
        payment = till.captured()
        script["refund"] = unavailable
        refused = post(staff, f"/admin/payments/{payment.pk}/refund", {"amount": 30})
        assert (refused.status_code, "Try again later" in refused.json()["message"]) == (503, True)
        script.clear()
        assert post(staff, f"/admin/payments/{payment.pk}/refund", {"amount": 30}).status_code == 200
        assert moved("refund") == [3000]

    @pytest.mark.parametrize("outcome", [lost, answer_lost])
    def test_repeat_the_same_request(
        self, till: Till, script: Script, staff: APIClient, moved: Moved, fake_provider: FakeProvider, outcome: Any
    ) -> None:
        payment = till.captured()
        path = f"/admin/payments/{payment.pk}/refund"
        script["refund"] = outcome
        answer = post(staff, path, {"amount": 30})
        assert (answer.status_code, "Repeat the same request" in answer.json()["message"]) == (409, True)
        script.clear()
        run_out(Operation.objects.get(kind="refund"))
        assert post(staff, path, {"amount": 30}).status_code == 200
        assert moved("refund") == [3000]
        assert differences(fake_provider) == []

    @pytest.mark.fake_only(NOT_SCRIPTED)
    def test_repeat_the_same_request_about_an_account(
        self, till: Till, script: Script, fake_provider: FakeProvider, advised: Any
    ) -> None:
        open_it = lambda: account_holders.create(provider_id="pp_fake_fake", customer=JANE)  # noqa: E731
        script["account_holder"] = answer_lost
        advised(open_it, PaymentOutcomeUnknown, "Repeat the same request")
        script.clear()
        assert open_it().external_id == fake_provider.customers()[0].ref
        assert len(fake_provider.customers()) == 1

    @pytest.mark.fake_only(NOT_SCRIPTED)
    def test_try_again_later_about_an_account(self, till: Till, script: Script, advised: Any) -> None:
        open_it = lambda: account_holders.create(provider_id="pp_fake_fake", customer=JANE)  # noqa: E731
        script["account_holder"] = unavailable
        advised(open_it, ProviderNotReachable, "Try again later")
        script.clear()
        assert open_it().external_id


class TestWhatTheCustomerIsToChoose:
    def test_choose_again(self, till: Till, script: Script, advised: Any) -> None:
        collection = till.collection()
        choose = lambda provider_id, key=None: payment_sessions.initialize(  # noqa: E731
            payment_collection_id=collection.pk, provider_id=provider_id, idempotency_key=key
        )
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            choose(SECOND, "k1")
        script.clear()
        run_out(Operation.objects.get())
        choose("pp_fake_fake")
        advised(lambda: choose(SECOND, "k1"), NotAllowed, "Choose again, as a new request")
        assert authorize(choose(SECOND, "k2")).status == "authorized"

    def test_choose_again_several(self, till: Till, script: Script, advised: Any) -> None:
        collection = till.collection()
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            split(collection, tender("60"), tender("40"), idempotency_key="k1")
        script.clear()
        for operation in Operation.objects.all():
            run_out(operation)
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=SECOND)
        again = lambda key: split(collection, tender("60"), tender("40"), idempotency_key=key)  # noqa: E731
        advised(lambda: again("k1"), NotAllowed, "Choose again, as a new request")
        assert [authorize(session).status for session in again("k2")] == ["authorized", "authorized"]

    def test_choose_how_to_pay_it_once_more(self, till: Till, script: Script, advised: Any) -> None:
        session = till.session()
        payment_collections.fail(payment_collection_id=session.payment_collection_id, on_failure="void")
        PaymentCollection.objects.filter(failed_at__isnull=True).update(failed_at=timezone.now())
        advised(lambda: authorize(session), NotAllowed, "Choose how to pay it once more")
        assert authorize(till.session_of(session)).status == "authorized"

    @pytest.mark.parametrize("total", ["120", "80"])
    def test_initialize_again(self, till: Till, storefront: APIClient, fake_provider: FakeProvider, total: str) -> None:
        session = till.session()
        path = f"/store/payment-collections/{session.payment_collection_id}/payment-sessions"
        till.set_total(total)
        refused = post(storefront, f"{path}/{session.pk}/authorize")
        assert "Initialize the payment session again" in refused.json()["message"]
        assert refused.json()["code"] == "cart_changed"
        made = post(storefront, path, {"provider_id": session.provider_id}).json()["payment_collection"]
        answer = post(storefront, f"{path}/{made['payment_sessions'][0]['id']}/authorize")
        assert answer.json()["payment_collection"]["authorized_amount"] == int(total)
        assert differences(fake_provider) == []

    def test_use_the_system_provider(self, till: Till, configure: Any, script: Script, advised: Any) -> None:
        configure("pp_fake_fake", "Blind")
        collection = till.collection("0")
        choose = lambda provider_id: payment_sessions.initialize(  # noqa: E731
            payment_collection_id=collection.pk, provider_id=provider_id
        )
        advised(lambda: choose("pp_fake_fake"), InvalidData, "Use pp_system_default for it")
        assert authorize(choose("pp_system_default")).status == "authorized"

    def test_cancel_and_pay_anew(self, till: Till, script: Script, settings: Any, advised: Any) -> None:
        collection = till.collection()
        paid, _ = split(collection, tender("60"), tender("40"))
        payment = captures.capture(payment_id=authorize(paid).payment.pk)
        refunds.refund(payment_id=payment.pk, amount=Decimal(1))
        choose = lambda pk: payment_sessions.initialize(payment_collection_id=pk, provider_id=SECOND)  # noqa: E731
        advised(lambda: choose(collection.pk), NotAllowed, "Cancel the payment collection and pay with a new one")

        payment_collections.cancel(payment_collection_id=collection.pk)
        anew = payment_collections.create_for_cart(cart_id=till.cart_id)
        assert anew.pk != collection.pk
        assert authorize(choose(anew.pk)).payment.amount == 10000

    def test_make_one_for_what_is_lacking(self, till: Till, script: Script, unpaid_order: Any, advised: Any) -> None:
        session = authorize(
            payment_sessions.initialize(payment_collection_id=unpaid_order.pk, provider_id="pp_fake_fake")
        )
        captures.capture(payment_id=session.payment.pk)
        refunds.refund(payment_id=session.payment.pk, amount=Decimal(5))
        choose = lambda pk: payment_sessions.initialize(payment_collection_id=pk, provider_id=SECOND)  # noqa: E731
        advised(lambda: choose(unpaid_order.pk), NotAllowed, "make one for what is lacking")
        lacking = payment_collections.create_for_order(order_id="order_1", amount=Decimal(5))
        assert authorize(choose(lacking.pk)).payment.amount == 500


class TestWhatStaffAreToDo:
    def test_refund_it_instead(self, till: Till, staff: APIClient, moved: Moved) -> None:
        payment = till.captured()
        refused = post(staff, f"/admin/payments/{payment.pk}/cancel")
        assert "Refund it instead" in refused.json()["message"]
        assert post(staff, f"/admin/payments/{payment.pk}/refund").status_code == 200
        assert moved("refund") == [10000]

    def test_a_person_looks_at_a_frozen_payment(
        self, till: Till, fake_provider: FakeProvider, advised: Any, moved: Moved
    ) -> None:
        payment = till.captured()
        fake_provider.dashboard.capture(payment.provider_ref, 500)
        comparing.look_at(payment.payment_session_id)
        refund = lambda: refunds.refund(payment_id=payment.pk)  # noqa: E731
        advised(refund, Conflict, "Staff must look at it first")
        decisions.unfreeze(payment_id=payment.pk, note="Five more were captured by hand.")
        refund()
        assert moved("refund") == [10000]

    def test_send_an_idempotency_key(self, till: Till, staff: APIClient, settings: Any, moved: Moved) -> None:
        payment = till.captured()
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"REQUIRE_IDEMPOTENCY_KEY_FOR_REFUNDS": True}
        path = f"/admin/payments/{payment.pk}/refund"
        assert "Send a new UUID for a new refund" in post(staff, path, {"amount": 30}).json()["message"]
        for key in ("one", "one", "another"):
            answer = post(staff, path, {"amount": 30}, headers={"Idempotency-Key": key})
            assert answer.status_code == 200
        assert moved("refund") == [3000, 3000]

    def test_retry_with_the_idempotency_key(self, till: Till, script: Script, staff: APIClient, moved: Moved) -> None:
        payment = till.authorized()
        headers = {"Idempotency-Key": "k1"}
        ask = lambda: post(staff, f"/admin/payments/{payment.pk}/capture", {"amount": 30}, headers=headers)  # noqa: E731
        answers = []

        def meanwhile(request: Any, call: Verb) -> Any:
            script.clear()
            answers.append(ask())
            return call(request)

        script["capture"] = meanwhile
        ask()
        assert (answers[0].status_code, "You may retry" in answers[0].json()["message"]) == (409, True)
        assert ask().status_code == 200
        assert moved("capture") == [3000]


class TestWhatDevelopersAreToDo:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("is_on_commit", [True, False])
    def test_call_it_after_commit_or_outside(self, till: Till, advised: Any, is_on_commit: bool) -> None:
        payment = till.authorized()
        capture = lambda: captures.capture(payment_id=payment.pk)  # noqa: E731
        with transaction.atomic():
            advised(capture, InsideTransaction, "Call it after commit")
            if is_on_commit:
                transaction.on_commit(capture)
        if not is_on_commit:
            capture()
        assert Payment.objects.get().captured_amount == 10000

    def test_manage_your_keys(self, till: Till) -> None:
        till.set_total("100")
        refused = post(APIClient(), "/store/payment-collections", {"cart_id": till.cart_id})
        assert "You can manage your keys" in refused.json()["message"]
        headers = {"x-publishable-api-key": publishable_keys.create(title="Storefront").token}
        answer = post(APIClient(headers=headers), "/store/payment-collections", {"cart_id": till.cart_id})
        assert answer.status_code == 200

    def test_send_json(self, till: Till, staff: APIClient, moved: Moved) -> None:
        path = f"/admin/payments/{till.authorized().pk}/capture"
        refused = staff.generic("POST", path, "<amount>30</amount>", content_type="application/xml")
        assert (refused.status_code, "application/json" in refused.json()["message"]) == (415, True)
        assert staff.generic("POST", path, '{"amount": 30}', content_type="application/json").status_code == 200
        assert moved("capture") == [3000]

    def test_send_content_length(self, till: Till, staff: APIClient, moved: Moved) -> None:
        path = f"/admin/payments/{till.authorized().pk}/capture"
        chunked = {"headers": {"transfer-encoding": "chunked"}, "CONTENT_LENGTH": ""}
        assert "Send Content-Length" in post(staff, path, {"amount": 30}, **chunked).json()["message"]
        assert post(staff, path, {"amount": 30}).status_code == 200
        assert moved("capture") == [3000]


class TestTheDemo:
    @pytest.fixture
    def demo(self, db: None, fake_provider: FakeProvider) -> APIClient:
        call_command("seed_demo", verbosity=0)
        return APIClient(headers={"x-publishable-api-key": "pk_demo"})

    @pytest.mark.parametrize("mugs", [12, 8, 0])
    def test_initialize_again_in_the_demo(
        self, demo: APIClient, fake_provider: FakeProvider, moved: Moved, mugs: int
    ) -> None:
        """The cart changes after ten were authorized, and no order was placed: the money goes back, and on."""
        bought = [{"variant_id": "variant_sample", "quantity": 1}, {"variant_id": "variant_mug", "quantity": 10}]
        cart = post(demo, "/store/carts", {"region_id": "reg_eu", "items": bought}).json()["cart"]
        path = f"/store/carts/{cart['id']}"
        made = post(demo, "/store/payment-collections", {"cart_id": cart["id"]}).json()["payment_collection"]
        sessions = f"/store/payment-collections/{made['id']}/payment-sessions"
        choose = lambda provider_id: post(demo, sessions, {"provider_id": provider_id}).json()["payment_collection"]  # noqa: E731
        held = choose("pp_fake_fake")["payment_sessions"][0]["id"]
        assert post(demo, f"{sessions}/{held}/authorize").status_code == 200
        [line] = [item["id"] for item in cart["items"] if item["variant_id"] == "variant_mug"]
        assert post(demo, f"{path}/line-items/{line}", {"quantity": mugs}).status_code == 200

        if mugs:  # Nothing to pay needs no payment, so no advice.
            refused = post(demo, f"{path}/complete").json()
            assert refused["code"] == "cart_changed"
            assert "since its payment was authorized. Initialize the payment session again" in refused["message"]
        choose("pp_fake_fake" if mugs else "pp_system_default")
        completed = post(demo, f"{path}/complete").json()

        assert (completed["type"], completed["order"]["total"]) == ("order", mugs * 10)
        assert moved("cancel") == [10000]
        assert [payment.amount - payment.released_amount for payment in Payment.objects.order_by("created_at")] == (
            [0, mugs * 1000] if mugs else [0]
        )
        assert differences(fake_provider) == []
