"""A refund across the payments of a collection, on a page of its own: asked in words, done once per token."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.services import captures, refund_reasons, refunds
from tests.admin.browser import Browser
from tests.admin.conftest import CLERK, LogIn, page_url
from tests.scripted import SECOND, Script, Verb, answer_lost, authorize, declined, unavailable
from tests.split import split, tender
from tests.till import Till

pytestmark = pytest.mark.any_engine

BUTTON = "Refund across payments"


@pytest.fixture
def collection(till: Till, script: Script) -> PaymentCollection:
    """60 and 40 EUR, captured with two providers."""
    collection = till.collection()
    for session in split(collection, tender("60"), tender("40", SECOND)):
        captures.capture(payment_id=authorize(session).payment.pk)
    return collection


@pytest.fixture
def browser(log_in: LogIn) -> Browser:
    return Browser(log_in(*CLERK, "view_paymentcollection"))


def url(collection: PaymentCollection) -> str:
    return reverse("admin:medusa_payments_paymentcollection_refund", args=[collection.pk])


def refunded() -> list[int]:
    return list(Payment.objects.order_by("-amount").values_list("refunded_amount", flat=True))


def begin(browser: Browser, collection: PaymentCollection, amount: str = "50", **filled: str) -> Browser:
    return browser.open(url(collection)).press("Continue", amount=amount, **filled)


def test_is_asked_in_words_and_done_once(browser: Browser, collection: PaymentCollection) -> None:
    assert BUTTON in browser.open(page_url(collection)).text
    form_url = browser.open(url(collection)).url
    browser.press("Continue", amount="50", note="Sorry")
    assert "Refund 50.00 EUR to the customer, across the payments of the collection?" in browser.text
    assert "in proportion to what each payment can give back" in browser.text
    assert refunded() == [0, 0]

    assert "50.00 EUR was refunded." in browser.press("Refund 50.00 EUR").text
    for _ in range(2):
        assert "50.00 EUR was refunded." in browser.resend().text
    assert "This was sent already, and not again: 50.00 EUR was refunded." in browser.open(form_url).text
    assert "This was sent already" in browser.resend(0).text
    assert refunded() == [3000, 2000]
    assert {line.note for payment in Payment.objects.all() for line in payment.refunds.all()} == {"Sorry"}


def test_a_person_is_told_what_is_under_way_already(
    browser: Browser, collection: PaymentCollection, script: Script
) -> None:
    """A client's answer was lost, and a person does it by hand."""
    script["refund"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=collection.payments.earliest("created_at").pk, amount=Decimal(25))

    question = begin(browser, collection, "25").text

    assert "This is under way already, and its outcome isn't known yet: 25.00 EUR, asked for at 20" in question
    assert sum(refunded()) == 0


def test_the_oldest_first(browser: Browser, collection: PaymentCollection) -> None:
    begin(browser, collection, strategy="in_order").press("Refund 50.00 EUR")
    assert refunded() == [5000, 0]


def test_all_of_it_is_proposed_and_then_nothing_is_left(browser: Browser, collection: PaymentCollection) -> None:
    assert browser.open(url(collection)).form.values["amount"] == "100.00"
    browser.press("Continue").press("Refund 100.00 EUR")
    assert refunded() == [6000, 4000]
    assert "Nothing is left to refund." in browser.open(url(collection)).text
    assert BUTTON not in browser.open(page_url(collection)).text


@pytest.mark.parametrize("amount", ["100.01", "0", "-1", "ten"])
def test_amounts_that_can_not_be(browser: Browser, collection: PaymentCollection, amount: str) -> None:
    assert "errorlist" in begin(browser, collection, amount).page
    assert not Operation.objects.filter(kind="refund").exists()


def test_what_changed_meanwhile_is_asked_about_again(browser: Browser, collection: PaymentCollection) -> None:
    begin(browser, collection)
    refunds.refund(payment_id=Payment.objects.get(amount=6000).pk)

    assert "have changed since you were asked" in browser.press("Refund 50.00 EUR").text
    assert refunded() == [6000, 0]


@pytest.mark.parametrize(
    ("answer", "said"), [(answer_lost, "answer was lost"), (unavailable, "be reached")], ids=["lost", "unavailable"]
)
def test_a_part_that_is_not_known_or_not_sent_is_submitted_again(
    browser: Browser, collection: PaymentCollection, script: Script, answer: Any, said: str
) -> None:
    script["refund"] = _of_second(answer)
    assert said in begin(browser, collection).press("Refund 50.00 EUR").text
    assert refunded() == [3000, 0]
    script.clear()

    assert "50.00 EUR was refunded." in browser.press("Submit again").text
    assert refunded() == [3000, 2000]


def test_is_submitted_again_though_its_reason_is_gone(
    browser: Browser, collection: PaymentCollection, script: Script
) -> None:
    reason = refund_reasons.create(label="Damaged", code="damaged")
    script["refund"] = _of_second(answer_lost)
    begin(browser, collection, refund_reason=reason.pk).press("Refund 50.00 EUR")
    refund_reasons.delete(refund_reason_id=reason.pk)
    script.clear()

    assert "50.00 EUR was refunded." in browser.press("Submit again").text
    assert refunded() == [3000, 2000]


def test_a_part_that_is_not_known_is_not_found_out_about_as_a_refund_of_its_own(
    browser: Browser, collection: PaymentCollection, script: Script
) -> None:
    script["refund"] = _of_second(answer_lost)
    begin(browser, collection).press("Refund 50.00 EUR")

    browser.open(page_url(Payment.objects.get(amount=4000)))
    assert "Refunding: 20.00 EUR" in browser.text
    assert "Find out about the refund" not in browser.tools


def test_a_part_that_is_refused(browser: Browser, collection: PaymentCollection, script: Script) -> None:
    script["refund"] = _of_second(declined)
    begin(browser, collection).press("Refund 50.00 EUR")
    assert "30.00 EUR was refunded. 20.00 EUR was refused." in browser.text
    assert refunded() == [3000, 0]


@pytest.mark.parametrize("missing", ["refund_payment", "view_paymentcollection"])
def test_both_permissions_are_needed(log_in: LogIn, collection: PaymentCollection, missing: str) -> None:
    client = log_in(*({*CLERK, "view_paymentcollection"} - {missing}))
    assert client.get(url(collection)).status_code == 403
    assert client.post(url(collection), {"amount": "1", "confirmed": "yes"}).status_code == 403


def test_an_unknown_collection(browser: Browser) -> None:
    unknown = reverse("admin:medusa_payments_paymentcollection_refund", args=["pay_col_unknown"])
    assert "doesn\u2019t exist" in browser.open(unknown).text


def _of_second(answer: Any) -> Any:
    def refund_it(request: Any, call: Verb) -> Any:
        return answer(request, call) if request.money.minor_units == 2000 else call(request)

    return refund_it
