"""Many clicks and several clients at once, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from medusa_payments.models import Operation, Payment
from medusa_payments.testing import factories
from tests.admin.browser import Browser
from tests.admin.money import moved, verb_url

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

PARALLEL = 8


def at_once(browser: Browser, sent: list[tuple[str, dict[str, str]]]) -> list[Any]:
    barrier = Barrier(len(sent))

    def send(url: str, values: dict[str, str]) -> Any:
        client = Client()
        client.cookies = browser.client.cookies
        barrier.wait()
        try:
            return client.post(url, values)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(sent)) as pool:
        return list(pool.map(lambda form: send(*form), sent))


def question(browser: Browser, payment: Payment, verb: str, **filled: str) -> tuple[str, dict[str, str]]:
    """Return the data that the last click of a new form sends."""
    browser.open(verb_url(payment, verb))
    if verb != "cancel":
        browser.press("Continue", **filled)
    form = browser.form
    return form.action, form.values | {"confirmed": "yes"}


@pytest.mark.parametrize("verb", ["capture", "refund", "cancel"])
def test_many_clicks_on_one_question_move_money_once(browser: Browser, fake_provider: Any, verb: str) -> None:
    make = factories.captured_payment if verb == "refund" else factories.authorized_payment
    payment = make(data={"on": verb, "delay_ms": 50})
    sent = question(browser, payment, verb)

    answers = at_once(browser, [sent] * PARALLEL)

    assert {answer.status_code for answer in answers} <= {200, 302}
    assert 302 in {answer.status_code for answer in answers}
    assert moved(fake_provider, verb) == [10000]
    operation = Operation.objects.get(payment=payment, kind=verb)
    assert operation.status == "succeeded"
    for answer in answers:
        if answer.status_code == 200:
            assert "The money moves only once." in answer.content.decode()


def test_parallel_refunds_never_exceed_the_captured_amount(browser: Browser, fake_provider: Any) -> None:
    payment = factories.captured_payment(data={"on": "refund", "delay_ms": 50})
    sent = [question(browser, payment, "refund", amount="30") for _ in range(PARALLEL)]

    at_once(browser, sent)

    payment.refresh_from_db()
    refunded = moved(fake_provider, "refund")
    assert 1 <= len(refunded) <= 3
    assert set(refunded) == {3000}
    assert (payment.refunded_amount, payment.refunding_amount) == (sum(refunded), 0)
    assert [refund.amount for refund in payment.refunds.all()] == refunded
