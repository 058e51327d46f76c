"""Amounts on the pages that move money: their limits, and changes by other clients meanwhile."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from medusa_payments.models import Payment
from medusa_payments.services import captures, payments, refund_reasons, refunds
from medusa_payments.testing import factories
from tests.admin.browser import Browser
from tests.admin.conftest import page_url
from tests.admin.money import EUR_60, VERBS, moved, rows, verb_url

pytestmark = pytest.mark.any_engine


class TestAmounts:
    @pytest.mark.parametrize(
        ("amount", "told"),
        [
            ("59.98", "At most 59.97 EUR is left."),
            ("99999999999999999999999999", "At most 59.97 EUR is left."),
            ("1e400", "At most 59.97 EUR is left."),
            ("0", "The amount must be greater than 0."),
            ("-1", "The amount must be greater than 0."),
            ("1.234", "no more than 2 decimal places"),
            ("NaN", "Enter a number."),
            ("Infinity", "Enter a number."),
            ("ten", "Enter a number."),
            ("", "This field is required."),
        ],
    )
    @pytest.mark.parametrize("is_confirmed", [False, True])
    def test_impossible_amounts_are_rejected(
        self, browser: Browser, amount: str, told: str, is_confirmed: bool
    ) -> None:
        payment = factories.captured_payment(amount=EUR_60)
        browser.open(verb_url(payment, "refund"))
        before = rows()

        if is_confirmed:
            browser.press("Continue").press("Refund 59.97 EUR", amount=amount)
        else:
            browser.press("Continue", amount=amount)

        assert told in browser.text
        assert rows() == before

    @pytest.mark.parametrize(
        ("currency_code", "proposed", "step"), [("eur", "5.00", "0.01"), ("jpy", "5", "1"), ("kwd", "5.000", "0.001")]
    )
    def test_amounts_follow_the_steps_of_the_currency(
        self, browser: Browser, currency_code: str, proposed: str, step: str
    ) -> None:
        payment = factories.captured_payment(amount=Decimal(5), currency_code=currency_code)

        browser.open(verb_url(payment, "refund"))

        amount = browser.form.inputs["amount"]
        assert (amount["type"], amount["value"], amount["step"], amount["min"]) == ("number", proposed, step, step)
        assert amount["max"] == "5"
        assert f"Amount in {currency_code.upper()}:" in browser.text

    def test_deleted_refund_reasons_cannot_be_chosen(self, browser: Browser) -> None:
        payment = factories.captured_payment()
        live, gone = factories.RefundReasonFactory(), factories.RefundReasonFactory()
        refund_reasons.delete(refund_reason_id=gone.pk)

        browser.open(verb_url(payment, "refund"))
        assert live.pk in browser.page
        assert gone.pk not in browser.page
        assert "Select a valid choice." in browser.press("Continue", refund_reason=gone.pk).text

    def test_too_long_note_is_rejected(self, browser: Browser) -> None:
        payment = factories.captured_payment()

        browser.open(verb_url(payment, "refund")).press("Continue", note="x" * 5001)

        assert "at most 5000 characters" in browser.text


class TestChangedMeanwhile:
    def test_smaller_rest_asks_again(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.captured_payment(amount=EUR_60)
        browser.open(verb_url(payment, "refund")).press("Continue", amount="10")
        refunds.refund(payment_id=payment.pk, amount=Decimal(20))

        browser.press("Refund 10.00 EUR")

        assert "The payment has changed since you were asked." in browser.text
        assert "29.97 EUR can still be refunded afterwards." in browser.text
        assert moved(fake_provider, "refund") == [2000]
        browser.press("Refund 10.00 EUR")
        assert moved(fake_provider, "refund") == [2000, 1000]

    def test_amount_that_no_longer_fits_is_rejected(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.captured_payment(amount=EUR_60)
        browser.open(verb_url(payment, "refund")).press("Continue", amount="50")
        refunds.refund(payment_id=payment.pk, amount=Decimal(20))

        browser.press("Refund 50.00 EUR")

        assert "The payment has changed since you were asked." in browser.text
        assert "At most 39.97 EUR is left." in browser.text
        assert moved(fake_provider, "refund") == [2000]

    def test_cancel_releases_only_the_confirmed_amount(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.authorized_payment(amount=EUR_60)
        browser.open(verb_url(payment, "cancel"))
        captures.capture(payment_id=payment.pk, amount=Decimal(20))

        browser.press("Release 59.97 EUR")

        assert "Release 39.97 EUR to the customer? The captured 20.00 EUR stays captured." in browser.text
        assert not moved(fake_provider, "cancel")

    @pytest.mark.parametrize("earlier", [Decimal(20), EUR_60])
    def test_limit_that_only_the_service_saw_is_reported(
        self, browser: Browser, fake_provider: Any, monkeypatch: pytest.MonkeyPatch, earlier: Decimal
    ) -> None:
        payment = factories.captured_payment(amount=EUR_60)
        browser.open(verb_url(payment, "refund")).press("Continue", amount="50")
        refund = refunds.refund

        def too_late(**arguments: Any) -> Payment:
            refund(payment_id=payment.pk, amount=earlier)
            return refund(**arguments)

        monkeypatch.setattr(refunds, "refund", too_late)
        browser.press("Refund 50.00 EUR")

        assert "You are not allowed to refund more than the captured amount" in browser.text
        assert ("At most 39.97 EUR is left." in browser.text) == (earlier < EUR_60)
        assert (browser.url == page_url(payment)) == (earlier == EUR_60)
        assert len(moved(fake_provider, "refund")) == 1

    @pytest.mark.parametrize("verb", VERBS)
    def test_canceled_payment_offers_nothing(self, browser: Browser, verb: str) -> None:
        payment = factories.authorized_payment()
        payments.cancel(payment_id=payment.pk)
        left = {"capture": "capture", "refund": "refund", "cancel": "release"}[verb]

        browser.open(verb_url(payment, verb))
        assert f"Nothing is left to {left}." in browser.text
        before = rows()
        browser.sent.append((f"{verb_url(payment, verb)}{uuid4()}/", {"amount": "1", "confirmed": "yes"}))
        assert f"Nothing is left to {left}." in browser.resend().text
        assert rows() == before

    def test_payment_canceled_during_the_question_moves_nothing(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.authorized_payment()
        browser.open(verb_url(payment, "cancel"))
        payments.cancel(payment_id=payment.pk)

        assert "Nothing is left to release." in browser.press("Release 100.00 EUR").text
        assert moved(fake_provider, "cancel") == [10000]
