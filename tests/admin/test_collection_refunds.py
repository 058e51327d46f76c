"""The page of a refund across the payments of a collection: it asks first and moves money once per token."""

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


def test_collection_refund_asks_first_and_moves_money_once(browser: Browser, collection: PaymentCollection) -> None:
    assert BUTTON in browser.open(page_url(collection)).text
    form_url = browser.open(url(collection)).url
    browser.press("Continue", amount="50", note="Sorry")
    assert "Refund 50.00 EUR to the customer, across the payments of the collection?" in browser.text
    assert "in proportion to what can be refunded from each payment" in browser.text
    assert refunded() == [0, 0]

    assert "50.00 EUR was refunded." in browser.press("Refund 50.00 EUR").text
    for _ in range(2):
        assert "50.00 EUR was refunded." in browser.resend().text
    assert "This was sent before and was not sent again: 50.00 EUR was refunded." in browser.open(form_url).text
    assert "This was sent before" in browser.resend(0).text
    assert refunded() == [3000, 2000]
    assert {line.note for payment in Payment.objects.all() for line in payment.refunds.all()} == {"Sorry"}


def test_collection_refund_warns_of_a_refund_in_progress(
    browser: Browser, collection: PaymentCollection, script: Script
) -> None:
    """A client never got its answer, and staff repeat its refund by hand."""
    script["refund"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=collection.payments.earliest("created_at").pk, amount=Decimal(25))

    question = begin(browser, collection, "25").text

    assert "Already in progress, outcome unknown: 25.00 EUR, requested at 20" in question
    assert sum(refunded()) == 0


def test_collection_refund_in_order_starts_with_the_oldest_payment(
    browser: Browser, collection: PaymentCollection
) -> None:
    begin(browser, collection, strategy="in_order").press("Refund 50.00 EUR")
    assert refunded() == [5000, 0]


def test_collection_refund_proposes_all_and_leaves_nothing(browser: Browser, collection: PaymentCollection) -> None:
    assert browser.open(url(collection)).form.values["amount"] == "100.00"
    browser.press("Continue").press("Refund 100.00 EUR")
    assert refunded() == [6000, 4000]
    assert "Nothing is left to refund." in browser.open(url(collection)).text
    assert BUTTON not in browser.open(page_url(collection)).text


@pytest.mark.parametrize("amount", ["100.01", "0", "-1", "ten"])
def test_collection_refund_rejects_impossible_amounts(
    browser: Browser, collection: PaymentCollection, amount: str
) -> None:
    assert "errorlist" in begin(browser, collection, amount).page
    assert not Operation.objects.filter(kind="refund").exists()


def test_collection_refund_asks_again_after_a_change(browser: Browser, collection: PaymentCollection) -> None:
    begin(browser, collection)
    refunds.refund(payment_id=Payment.objects.get(amount=6000).pk)

    assert "have changed since you were asked" in browser.press("Refund 50.00 EUR").text
    assert refunded() == [6000, 0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [(answer_lost, "the outcome is unknown"), (unavailable, "be reached")],
    ids=["lost", "unavailable"],
)
def test_collection_refund_with_an_unknown_or_unsent_part_can_be_submitted_again(
    browser: Browser, collection: PaymentCollection, script: Script, answer: Any, said: str
) -> None:
    script["refund"] = _of_second(answer)
    assert said in begin(browser, collection).press("Refund 50.00 EUR").text
    assert refunded() == [3000, 0]
    script.clear()

    assert "50.00 EUR was refunded." in browser.press("Submit again").text
    assert refunded() == [3000, 2000]


def test_collection_refund_can_be_submitted_again_after_its_reason_was_deleted(
    browser: Browser, collection: PaymentCollection, script: Script
) -> None:
    reason = refund_reasons.create(label="Damaged", code="damaged")
    script["refund"] = _of_second(answer_lost)
    begin(browser, collection, refund_reason=reason.pk).press("Refund 50.00 EUR")
    refund_reasons.delete(refund_reason_id=reason.pk)
    script.clear()

    assert "50.00 EUR was refunded." in browser.press("Submit again").text
    assert refunded() == [3000, 2000]


def test_unknown_part_of_a_collection_refund_is_not_offered_as_a_refund_of_its_own(
    browser: Browser, collection: PaymentCollection, script: Script
) -> None:
    script["refund"] = _of_second(answer_lost)
    begin(browser, collection).press("Refund 50.00 EUR")

    browser.open(page_url(Payment.objects.get(amount=4000)))
    assert "Refunding: 20.00 EUR" in browser.text
    assert "Find out about the refund" not in browser.tools


def test_collection_refund_reports_a_refused_part(
    browser: Browser, collection: PaymentCollection, script: Script
) -> None:
    script["refund"] = _of_second(declined)
    begin(browser, collection).press("Refund 50.00 EUR")
    assert "30.00 EUR was refunded. 20.00 EUR was refused." in browser.text
    assert refunded() == [3000, 0]


@pytest.mark.parametrize("missing", ["refund_payment", "view_paymentcollection"])
def test_collection_refund_needs_both_permissions(log_in: LogIn, collection: PaymentCollection, missing: str) -> None:
    client = log_in(*({*CLERK, "view_paymentcollection"} - {missing}))
    assert client.get(url(collection)).status_code == 403
    assert client.post(url(collection), {"amount": "1", "confirmed": "yes"}).status_code == 403


def test_refund_of_an_unknown_collection_redirects_to_the_admin(browser: Browser) -> None:
    unknown = reverse("admin:medusa_payments_paymentcollection_refund", args=["pay_col_unknown"])
    assert "doesn\u2019t exist" in browser.open(unknown).text


def _of_second(answer: Any) -> Any:
    def refund_it(request: Any, call: Verb) -> Any:
        return answer(request, call) if request.money.minor_units == 2000 else call(request)

    return refund_it
