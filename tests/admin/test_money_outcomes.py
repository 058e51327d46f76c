"""Repeated clicks, unknown outcomes and refusals on the pages that move money."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment
from medusa_payments.services import captures, payments, refund_reasons, refunds
from medusa_payments.testing import factories
from tests.admin.browser import Browser
from tests.admin.conftest import attempt, page_url
from tests.admin.money import EUR_60, VERBS, lost, moved, verb_url

pytestmark = pytest.mark.any_engine


class TestBesideAnUnknownOperation:
    """A client never got its answer, and staff repeat its operation by hand: the question warns them first."""

    @pytest.mark.parametrize("verb", ["capture", "refund"])
    def test_question_warns_of_an_operation_with_unknown_outcome(
        self, browser: Browser, fake_provider: Any, verb: str
    ) -> None:
        make = factories.captured_payment if verb == "refund" else factories.authorized_payment
        payment = make(data={"outcome": "timeout_after", "on": verb})
        ask: Any = refunds.refund if verb == "refund" else captures.capture
        with pytest.raises(PaymentOutcomeUnknown):
            ask(payment_id=payment.pk, amount=Decimal(25))

        question = browser.open(verb_url(payment, verb)).press("Continue", amount="25").text

        assert "Already in progress, outcome unknown: 25.00 EUR, requested at 20" in question
        assert "Continue only if you want another one: both will be carried out." in question
        assert moved(fake_provider, verb) == [2500]

    def test_question_does_not_mention_finished_operations(self, browser: Browser) -> None:
        payment = factories.captured_payment()
        refunds.refund(payment_id=payment.pk, amount=Decimal(25))
        question = browser.open(verb_url(payment, "refund")).press("Continue", amount="25").text
        assert "Already in progress" not in question


class TestOneIntentIsOneRefund:
    def test_double_click_reload_and_back_button_refund_once(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.captured_payment()
        browser.open(verb_url(payment, "refund"))
        form_url = browser.url
        browser.press("Continue", amount="10").press("Refund 10.00 EUR")

        for _ in range(2):
            browser.resend()
            assert "10.00 EUR was refunded. 90.00 EUR can still be refunded." in browser.text
        already = "This was sent before and was not sent again: 10.00 EUR was refunded."
        assert already in browser.resend(0).text
        assert already in browser.open(form_url).text
        assert moved(fake_provider, "refund") == [1000]

    def test_accepted_refund_is_not_reported_as_done(self, browser: Browser) -> None:
        payment = factories.captured_payment()
        form_url = browser.open(verb_url(payment, "refund")).url
        browser.press("Continue", amount="10").press("Refund 10.00 EUR")
        Operation.objects.filter(payment=payment, kind="refund").update(status="accepted")

        accepted = "The provider accepted a refund of 10.00 EUR and will report the outcome later."
        assert accepted in browser.open(form_url).text

    def test_same_form_with_other_values_is_refused(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.captured_payment()
        browser.open(verb_url(payment, "refund")).press("Continue", amount="10").press("Refund 10.00 EUR")
        url, values = browser.sent[-1]
        browser.sent.append((url, values | {"amount": "20"}))

        browser.resend()

        assert "This form was sent before with other values" in browser.text
        assert browser.form.action != url
        assert moved(fake_provider, "refund") == [1000]

    def test_new_form_is_another_refund(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.captured_payment()
        for _ in range(2):
            browser.open(verb_url(payment, "refund")).press("Continue", amount="10").press("Refund 10.00 EUR")

        assert moved(fake_provider, "refund") == [1000, 1000]


class TestUnknownOutcome:
    BUTTONS = {"capture": "Capture 59.97 EUR", "refund": "Refund 59.97 EUR", "cancel": "Release 59.97 EUR"}

    def begin(self, browser: Browser, payment: Payment, verb: str) -> Browser:
        browser.open(verb_url(payment, verb))
        if verb != "cancel":
            browser.press("Continue")
        return browser.press(self.BUTTONS[verb])

    @pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
    @pytest.mark.parametrize("verb", VERBS)
    def test_submitting_again_finds_the_outcome(
        self, browser: Browser, fake_provider: Any, verb: str, outcome: str
    ) -> None:
        payment = lost(verb, outcome)

        self.begin(browser, payment, verb)
        operation = Operation.objects.get(payment=payment, kind=verb)
        assert "The provider gave no clear answer, so the outcome is unknown. Submit again to find out." in browser.text
        assert "The money moves only once." in browser.text
        assert f'href="{page_url(operation)}"' in browser.page
        assert "In flight 59.97 EUR" in browser.text
        browser.press("Submit again")

        assert "59.97 EUR was" in browser.text
        assert browser.url == page_url(payment)
        assert moved(fake_provider, verb) == [5997]
        assert browser.tools == (["Refund payment"] if verb == "capture" else [])

    @pytest.mark.parametrize("verb", VERBS)
    def test_payment_page_links_to_the_unknown_operation(self, browser: Browser, fake_provider: Any, verb: str) -> None:
        payment = lost(verb)
        form_url = self.begin(browser, payment, verb).form.action

        browser.open(page_url(payment))
        noun = "cancellation" if verb == "cancel" else verb
        assert f"Find out about the {noun}" in browser.tools
        assert form_url in browser.page
        browser.open(form_url)
        assert "This was sent before, and its outcome is in flight or unknown." in browser.text
        browser.press("Submit again")

        assert moved(fake_provider, verb) == [5997]

    def test_reason_and_note_survive_an_unknown_outcome(self, browser: Browser) -> None:
        payment = lost("refund")
        reason = refund_reasons.create(label="Damaged on arrival", code="damaged")
        browser.open(verb_url(payment, "refund"))
        browser.press("Continue", amount="10", refund_reason=reason.pk, note="Sorry,\r\nJane")
        form_url = browser.press("Refund 10.00 EUR").form.action

        browser.open(form_url).press("Submit again")

        refund = payment.refunds.get()
        assert (refund.amount, refund.refund_reason, refund.note) == (1000, reason, "Sorry,\nJane")

    def test_reason_deleted_meanwhile_is_still_shown(self, browser: Browser) -> None:
        payment = lost("refund")
        reason = refund_reasons.create(label="Damaged on arrival", code="damaged")
        browser.open(verb_url(payment, "refund")).press("Continue", refund_reason=reason.pk)
        form_url = browser.press("Refund 59.97 EUR").form.action
        refund_reasons.delete(refund_reason_id=reason.pk)

        assert "Reason Damaged on arrival" in browser.open(form_url).text

    def test_another_amount_under_the_same_token_is_not_sent(self, browser: Browser, fake_provider: Any) -> None:
        payment = lost("refund")
        browser.open(verb_url(payment, "refund")).press("Continue", amount="10").press("Refund 10.00 EUR")
        url, values = browser.sent[-1]
        browser.sent.append((url, values | {"amount": "20"}))

        browser.resend()
        assert "This form was sent before with other values" in browser.text
        browser.press("Submit again")

        assert moved(fake_provider, "refund") == [1000]

    @pytest.mark.parametrize(
        "key",
        [
            "admin-of-another-kind",
            "admin-6FA459EA-EE8A-4CA4-894E-DB77E160355E",
            "6fa459ea-ee8a-4ca4-894e-db77e160355e",
            None,
        ],
    )
    def test_operation_of_another_client_gets_no_button(self, browser: Browser, key: str | None) -> None:
        payment = lost("refund")
        attempt(refunds.refund, payment_id=payment.pk, amount=Decimal(1), idempotency_key=key)

        assert browser.open(page_url(payment)).tools == ["Refund payment"]

    def test_cancel_of_another_client_is_resumed(self, browser: Browser, fake_provider: Any) -> None:
        payment = lost("cancel")
        attempt(payments.cancel, payment_id=payment.pk)

        assert browser.open(page_url(payment)).tools == ["Cancel payment"]
        browser.open(verb_url(payment, "cancel")).press("Release 59.97 EUR")

        payment.refresh_from_db()
        assert payment.canceled_at is not None
        assert moved(fake_provider, "cancel") == [5997]


class TestRefusals:
    def test_declined_operation_can_be_tried_again(self, browser: Browser, fake_provider: Any) -> None:
        payment = lost("refund", "declined")
        browser.open(verb_url(payment, "refund")).press("Continue", note="Sorry").press("Refund 59.97 EUR")
        spent_url = browser.sent[-1][0]

        assert "The payment provider refused. No money was moved: " in browser.text
        assert browser.form.values["note"] == "Sorry"
        assert browser.form.action != spent_url
        assert "The payment provider refused this before. No money was moved." in browser.open(spent_url).text
        assert not moved(fake_provider, "refund")

    def test_unreachable_provider_can_be_tried_again(self, browser: Browser, fake_provider: Any) -> None:
        payment = lost("refund", "unavailable")

        browser.open(verb_url(payment, "refund")).press("Continue").press("Refund 59.97 EUR")

        form_url = browser.form.action
        assert "The payment provider can't be reached. No money was moved. Submit again in a moment." in browser.text
        browser.press("Submit again")
        assert Operation.objects.filter(payment=payment, kind="refund").count() == 1
        assert "the provider couldn't be reached. No money was moved. Submit again." in browser.open(form_url).text

    def test_another_request_in_progress_is_waited_for(self, browser: Browser, fake_provider: Any) -> None:
        payment = factories.partially_captured(Decimal(20), amount=EUR_60)
        Payment.objects.filter(pk=payment.pk).update(capturing_amount=1000)

        browser.open(verb_url(payment, "cancel")).press("Release 29.97 EUR")

        assert "Another request for this payment is in progress" in browser.text
        assert "Release 29.97 EUR" in browser.form.buttons
        assert not moved(fake_provider, "cancel")

    def test_removed_provider_is_reported(self, browser: Browser) -> None:
        payment = factories.captured_payment()
        Payment.objects.filter(pk=payment.pk).update(provider_account="another")

        browser.open(verb_url(payment, "refund")).press("Continue").press("Refund 100.00 EUR")

        assert "is configured for another account" in browser.text
        assert "Continue" in browser.form.buttons

    def test_money_forms_work_with_atomic_requests(self, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        payment = factories.captured_payment()
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

        browser.open(verb_url(payment, "refund")).press("Continue").press("Refund 100.00 EUR")

        assert payment.refunds.get().amount == 10000


def test_payment_frozen_meanwhile_is_reported_as_frozen(browser: Browser, fake_provider: Any) -> None:
    payment = factories.captured_payment()
    browser.open(verb_url(payment, "refund")).press("Continue", amount="10")
    fake_provider.dashboard.capture(payment.provider_ref, 500)
    comparing.look_at(payment.payment_session_id)

    browser.press("Refund 10.00 EUR")

    assert "This payment is frozen" in browser.text
    assert "in progress" not in browser.text
    assert moved(fake_provider, "refund") == []
