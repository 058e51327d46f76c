"""Capture, refund and cancel in Django admin: a form, then a question, then the money moves."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from medusa_payments.models import Payment, PaymentCollection
from medusa_payments.services import payments, refund_reasons
from medusa_payments.testing import factories
from tests.admin.browser import Browser
from tests.admin.conftest import CLERK, LogIn, page_url
from tests.admin.money import EUR_60, VERBS, rows, verb_url

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize("provider_id", ["pp_fake_fake", "pp_system_default"])
class TestHappyPath:
    def test_capture_form_captures_the_amount(self, browser: Browser, provider_id: str) -> None:
        payment = factories.authorized_payment(amount=EUR_60, email="jane@example.com", provider_id=provider_id)

        browser.open(verb_url(payment, "capture"))
        assert browser.form.values["amount"] == "59.97"
        browser.press("Continue", amount="10.50")
        assert "Capture 10.50 EUR from jane@example.com? 49.47 EUR can still be captured afterwards." in browser.text
        browser.press("Capture 10.50 EUR")

        assert browser.url == page_url(payment)
        assert "10.50 EUR was captured. 49.47 EUR can still be captured." in browser.text
        assert payment.captures.get().amount == 1050

    def test_refund_form_refunds_the_amount(self, browser: Browser, provider_id: str) -> None:
        payment = factories.captured_payment(amount=EUR_60, email="jane@example.com", provider_id=provider_id)
        reason = refund_reasons.create(label="Damaged on arrival", code="damaged")

        browser.open(verb_url(payment, "refund"))
        browser.press("Continue", amount="10.50", refund_reason=reason.pk, note="Sorry,\r\nJane")
        assert "Refund 10.50 EUR to jane@example.com? 49.47 EUR can still be refunded afterwards." in browser.text
        assert "Reason Damaged on arrival Note, visible to the customer Sorry, Jane" in browser.text
        browser.press("Refund 10.50 EUR")

        assert browser.url == page_url(payment)
        assert "10.50 EUR was refunded. 49.47 EUR can still be refunded." in browser.text
        refund = payment.refunds.get()
        assert (refund.amount, refund.refund_reason, refund.note) == (1050, reason, "Sorry,\nJane")

    def test_cancel_form_releases_all_of_it(self, browser: Browser, provider_id: str) -> None:
        payment = factories.authorized_payment(amount=EUR_60, email="jane@example.com", provider_id=provider_id)

        browser.open(verb_url(payment, "cancel"))
        question = "Cancel the payment and release 59.97 EUR to jane@example.com? Nothing was captured."
        assert question in browser.text
        browser.press("Release 59.97 EUR")

        payment.refresh_from_db()
        assert "59.97 EUR was released." in browser.text
        assert (payment.released_amount, payment.canceled_at is None) == (5997, False)

    def test_cancel_after_a_partial_capture_releases_the_rest(self, browser: Browser, provider_id: str) -> None:
        payment = factories.partially_captured(Decimal(20), amount=EUR_60, provider_id=provider_id)

        browser.open(verb_url(payment, "cancel"))
        question = "Release 39.97 EUR to the customer? The captured 20.00 EUR stays captured."
        assert question in browser.text
        browser.press("Release 39.97 EUR")

        payment.refresh_from_db()
        assert (payment.released_amount, payment.captured_amount, payment.canceled_at) == (3997, 2000, None)


class TestActor:
    def test_user_is_recorded_and_shown_in_the_timeline(self, admin_client: Client) -> None:
        browser = Browser(admin_client)
        payment = factories.authorized_payment()

        browser.open(verb_url(payment, "capture")).press("Continue").press("Capture 100.00 EUR")

        admin = get_user_model().objects.get(username="admin")
        capture = payment.captures.get()
        assert capture.created_by == str(admin.pk)
        assert f"capture {capture.pk} admin {capture.operation_id}" in browser.text


class TestPermissions:
    @pytest.fixture
    def payment(self) -> Payment:
        return factories.partially_captured(Decimal(20))

    @pytest.mark.parametrize("verb", VERBS)
    def test_each_verb_needs_its_own_permission(self, log_in: LogIn, payment: Payment, verb: str) -> None:
        client = log_in("view_payment", f"{verb}_payment")
        browser = Browser(client)

        assert browser.open(page_url(payment)).tools == [f"{verb.capitalize()} payment"]
        for other in VERBS:
            expected = 200 if other == verb else 403
            url = verb_url(payment, other)
            assert client.get(url, follow=True).status_code == expected
            assert client.get(f"{url}{uuid4()}/").status_code == expected
            assert client.post(f"{url}{uuid4()}/", {}).status_code == expected

    @pytest.mark.parametrize("verb", VERBS)
    def test_confirmed_form_without_permission_moves_nothing(self, viewer: Client, payment: Payment, verb: str) -> None:
        before = rows()
        for client in (viewer, Client()):
            response = client.post(f"{verb_url(payment, verb)}{uuid4()}/", {"amount": "1", "confirmed": "yes"})
            assert response.status_code in {302, 403}
        assert rows() == before
        assert Browser(viewer).open(page_url(payment)).tools == []

    @pytest.mark.parametrize("verb", VERBS)
    def test_moving_money_needs_the_view_permission(self, log_in: LogIn, payment: Payment, verb: str) -> None:
        assert log_in(f"{verb}_payment").get(verb_url(payment, verb)).status_code == 403


class TestButtons:
    @pytest.mark.parametrize(
        ("make", "tools"),
        [
            (factories.authorized_payment, ["Capture payment", "Cancel payment"]),
            (
                lambda: factories.partially_captured(Decimal(1)),
                ["Capture payment", "Refund payment", "Cancel payment"],
            ),
            (factories.captured_payment, ["Refund payment"]),
            (factories.refunded_payment, []),
            (lambda: payments.cancel(payment_id=factories.authorized_payment().pk), []),
        ],
    )
    def test_buttons_are_shown_only_for_possible_verbs(
        self, browser: Browser, make: Callable[[], Payment], tools: list[str]
    ) -> None:
        assert browser.open(page_url(make())).tools == tools

    def test_buttons_need_no_query(self, log_in: LogIn) -> None:
        payment = factories.partially_captured(Decimal(1))
        ContentType.objects.get_for_model(Payment)  # Django remembers it from then on.
        counts = []
        for client in (log_in("view_payment"), log_in(*CLERK)):
            with CaptureQueriesContext(connection) as queries:
                client.get(page_url(payment))
            counts.append(len(queries))

        assert counts[0] == counts[1]


class TestNothingMovesBeforeConfirmation:
    @pytest.mark.parametrize("verb", VERBS)
    def test_opening_the_form_moves_nothing(self, browser: Browser, verb: str) -> None:
        payment = factories.partially_captured(Decimal(20))
        before = rows()

        url = browser.open(verb_url(payment, verb)).url
        for method in (browser.client.get, browser.client.head):
            assert method(url, {"confirmed": "yes", "amount": "1"}).status_code == 200
        assert browser.client.put(url).status_code == 405
        assert browser.client.post(verb_url(payment, verb), {"confirmed": "yes", "amount": "1"}).status_code == 302

        assert rows() == before

    @pytest.mark.parametrize("verb", VERBS)
    def test_form_without_csrf_token_moves_nothing(self, log_in: LogIn, verb: str) -> None:
        payment = factories.partially_captured(Decimal(20))
        trusting = log_in(*CLERK)
        client = Client(enforce_csrf_checks=True)
        client.cookies = trusting.cookies
        before = rows()

        response = client.post(f"{verb_url(payment, verb)}{uuid4()}/", {"amount": "1", "confirmed": "yes"})

        assert response.status_code == 403
        assert rows() == before

    def test_question_moves_nothing(self, browser: Browser) -> None:
        payment = factories.captured_payment()
        before = rows()

        browser.open(verb_url(payment, "refund")).press("Continue", amount="10", note="Sorry").press("Change")

        assert (browser.form.values["amount"], browser.form.values["note"]) == ("10", "Sorry")
        assert rows() == before


class TestPages:
    def test_markup_in_money_forms_stays_text(self, browser: Browser) -> None:
        payment = factories.captured_payment()
        script = "<script>alert(1)</script>"
        PaymentCollection.objects.update(email=f"{script}@example.com", order_id=script)
        reason = refund_reasons.create(label=script, code=script)

        browser.open(verb_url(payment, "refund"))
        for button in ("Continue", "Change", "Continue", "Refund 100.00 EUR"):
            assert script not in browser.page
            filled = {"note": f'{script}">', "refund_reason": reason.pk} if button == "Continue" else {}
            browser.press(button, **filled)

        assert payment.refunds.get().note == f'{script}">'
        assert script not in browser.page

    def test_money_forms_can_be_used_without_a_mouse(self, browser: Browser) -> None:
        payment = factories.captured_payment()

        browser.open(verb_url(payment, "refund"))
        assert "autofocus" in browser.form.inputs["amount"]
        for name in ("amount", "refund_reason", "note"):
            assert f'<label for="id_{name}"' in browser.page or f'for="id_{name}"' in browser.page
        assert browser.form.inputs["note"]["aria-describedby"] == "id_note_helptext"
        browser.press("Continue")

        assert 'role="group" aria-labelledby="question" tabindex="-1" autofocus' in browser.page
        assert "<script" not in browser.page.split('id="content-main"')[1].split("</form>")[0]

    def test_form_of_a_missing_payment_redirects_to_the_admin(self, browser: Browser) -> None:
        for payment_id in ("pay_missing", "a/b", "pay_\0missing"):
            browser.open(verb_url(Payment(id=payment_id), "refund"))

            assert browser.url == reverse("admin:index")
            assert "doesn\N{RIGHT SINGLE QUOTATION MARK}t exist" in browser.text

    def test_money_forms_need_few_queries(self, browser: Browser, django_assert_max_num_queries: Any) -> None:
        payment = factories.captured_payment()
        url = browser.open(verb_url(payment, "refund")).url

        with django_assert_max_num_queries(7) as queries:
            browser.client.get(url)

        assert not [query["sql"] for query in queries.captured_queries if "provider_data" in query["sql"]]
