"""The content of the pages."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import AdminSite
from django.db.models import F
from django.test import Client
from django.utils import translation
from django.utils.html import strip_tags

from medusa_payments.admin import PaymentAdmin
from medusa_payments.admin.parts import display, related_tables
from medusa_payments.admin.parts.event_details import REASONS
from medusa_payments.admin.parts.event_titles import TITLES
from medusa_payments.carts import CartSnapshot
from medusa_payments.core.books.freezing import BEYOND_THE_LIMITS
from medusa_payments.core.books.snapshots import CONTRADICTS_ITSELF
from medusa_payments.core.reconciliation.drift import FROZEN_FOR_A_PERSON, DriftKind
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Capture, Event, Operation, Payment, PaymentCollection, PaymentSession, Refund
from medusa_payments.services import captures, payment_sessions, payments, refunds
from medusa_payments.services.events import EventName
from medusa_payments.testing import factories
from medusa_payments.testing.carts import CartDesk
from medusa_payments.testing.fake_steering import CRASHES, Outcome
from tests.admin.conftest import attempt, html, page_url

SECRET = "sk_never_shown"


def text(page: str) -> str:
    """Return the text of a page with single spaces."""
    return " ".join(strip_tags(page.replace("><", "> <")).split())


@pytest.mark.any_engine
class TestPaymentPage:
    def test_payment_page_shows_the_whole_history(self, viewer: Client, payment: Payment) -> None:
        page = html(viewer, page_url(payment))

        for words in ("120.50 EUR", "20.50 EUR", "100.00 EUR", "0.75 EUR", "partially refunded", "clerk@example.com"):
            assert words in page
        assert "Can be refunded: 119.75 EUR" in text(page)
        for row in (payment.payment_collection, payment.payment_session, *payment.operations.all()):
            assert f'href="{page_url(row)}"' in page
        for line in (*payment.captures.all(), *payment.refunds.all()):
            assert line.pk in page
            assert line.provider_ref in page
        for name in ("paymentsession", "capture", "refund", "operation", "event"):
            assert f'id="{name}-heading"' in page

    def test_lists_what_was_released_beside_captures_and_refunds(self, viewer: Client) -> None:
        payment = factories.partially_captured(Decimal(1))
        payments.cancel(payment_id=payment.pk)
        (release,) = payment.releases.all()

        for row in (payment, payment.payment_collection, release.operation):
            page = html(viewer, page_url(row))
            assert 'id="release-heading"' in page
            assert f'href="{page_url(release)}"' in page

    def test_payment_page_shows_in_flight_amounts_only_if_there_are_any(self, viewer: Client, payment: Payment) -> None:
        assert "In flight" not in html(viewer, page_url(payment))

        Payment.objects.filter(pk=payment.pk).update(refunding_amount=125)

        assert "Refunding: 1.25 EUR" in text(html(viewer, page_url(payment)))

    def test_related_rows_are_in_chronological_order(self, viewer: Client, payment: Payment) -> None:
        page = html(viewer, page_url(payment))

        first, second = payment.captures.order_by("amount")
        assert page.index(f">{first.pk}<") < page.index(f">{second.pk}<")

    @pytest.mark.parametrize(
        ("make", "state"),
        [
            (factories.authorized_payment, "authorized"),
            (lambda: factories.partially_captured(Decimal(1)), "partially captured"),
            (factories.captured_payment, "captured"),
            (lambda: factories.partially_refunded(Decimal(1)), "partially refunded"),
            (factories.refunded_payment, "refunded"),
        ],
    )
    def test_payment_page_shows_the_state_in_one_word(
        self, viewer: Client, make: Callable[[], Payment], state: str
    ) -> None:
        assert f"State: {state} Amount" in text(html(viewer, page_url(make())))


@pytest.mark.any_engine
class TestCollectionPage:
    def test_timeline_shows_every_event_with_actor_and_operation(self, viewer: Client, payment: Payment) -> None:
        page = html(viewer, page_url(payment.payment_collection))
        timeline = page.split('id="event-heading"')[1]

        positions = [
            timeline.index(f'<td class="field-number">{event.number}</td>')
            for event in payment.payment_collection.events.order_by("number")
        ]
        assert len(positions) == payment.payment_collection.event_count >= 8
        assert positions == sorted(positions)
        words = text(timeline)
        assert "Payment collection updated amount 100.00 EUR → 120.50 EUR" in words
        assert "Session replaced" in words
        refund = payment.refunds.get()
        assert (
            f"Payment refunded amount 0.75 EUR refunded in total 0.75 EUR payment {payment.pk} refund {refund.pk} "
            f"clerk@example.com {refund.operation_id}"
        ) in words

    def test_collection_page_also_shows_sessions_that_are_not_live(self, viewer: Client, payment: Payment) -> None:
        page = text(html(viewer, page_url(payment.payment_collection)))

        replaced, live = payment.payment_collection.payment_sessions.order_by("created_at")
        assert f"{replaced.pk} canceled history pp_system_default 100.00 EUR" in page
        assert f"{live.pk} authorized live pp_fake_fake 120.50 EUR" in page

    def test_collection_page_shows_that_it_was_deleted(self, viewer: Client) -> None:
        collection = factories.make_collection()
        PaymentCollection.objects.filter(pk=collection.pk).update(deleted_at=F("created_at"), live_cart_id=None)

        assert "Status: not paid deleted" in text(html(viewer, page_url(collection)))

    def test_timeline_shows_rounding_that_changed_the_amount(self, viewer: Client) -> None:
        exact = factories.make_collection(amount=Decimal("1.5"))
        rounded = factories.make_collection(amount=Decimal("1.505"))

        assert "rounded off" not in html(viewer, page_url(exact))
        assert "amount 1.51 EUR rounded off -0.005" in text(html(viewer, page_url(rounded)))

    def test_timeline_shows_both_currencies_of_a_change(self, viewer: Client, shop: CartDesk) -> None:
        collection = factories.make_collection(amount=Decimal("1.5"))
        shop.put(CartSnapshot(amount=Decimal(300), currency_code="jpy"), cart_id=collection.cart_id)
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_system_default")

        assert "amount 1.50 EUR → 300 JPY" in text(html(viewer, page_url(collection)))


@pytest.mark.any_engine
class TestOperationPage:
    def test_operation_with_a_lost_answer_is_shown_as_unknown(self, viewer: Client) -> None:
        lost = factories.authorized_payment(data={"outcome": "timeout_after", "on": "capture"})
        attempt(captures.capture, payment_id=lost.pk)
        operation = Operation.objects.get(payment=lost)

        assert "Kind: capture Status: unknown" in text(html(viewer, page_url(operation)))

    def test_operation_in_flight_is_shown_as_open(self, viewer: Client, payment: Payment) -> None:
        operation = payment.operations.earliest("created_at")
        Operation.objects.filter(pk=operation.pk).update(
            status="open", settled_at=None, lease_expires_at=F("created_at") + timedelta(days=1)
        )

        assert "Status: open" in text(html(viewer, page_url(operation)))

    def test_refused_operation_shows_the_reason(self, viewer: Client) -> None:
        session = factories.make_session(data={"outcome": "declined"})
        attempt(
            payment_sessions.authorize,
            payment_collection_id=session.payment_collection_id,
            payment_session_id=session.pk,
        )
        operation = session.operations.get(kind="authorize")

        page = text(html(viewer, page_url(operation)))
        assert "Status: refused" in page
        assert f"Error: declined: {operation.error_message}" in page

    def test_operation_page_shows_only_ids_and_amounts_of_the_request(self, viewer: Client) -> None:
        session = factories.make_session(
            amount=Decimal("59.97"), customer_id="cus_jane", data={"outcome": "authorized", "on": "authorize"}
        )
        operation = session.operations.get(kind="initiate")
        assert operation.request["data"]

        page = html(viewer, page_url(operation))
        request = page.split('<pre class="payments-json">')[1].split("</pre>")[0]
        assert f"&quot;idempotency_key&quot;: &quot;{operation.pk}&quot;" in request
        assert "&quot;money&quot;: &quot;59.97 EUR&quot;" in request
        assert "outcome" not in request


class TestEveryState:
    @pytest.mark.proof
    def test_pages_open_in_every_state(self, admin_client: Client) -> None:
        for outcome in set(Outcome) - CRASHES:
            for verb in ("initiate", "authorize", "capture", "refund"):
                self._pay(outcome, verb)

        for rows in self._rows_by_state():
            html(admin_client, page_url(rows[0]))

    def _pay(self, outcome: str, verb: str) -> None:
        with suppress(PaymentsError, PaymentSession.payment.RelatedObjectDoesNotExist):
            session = factories.make_session(data={"outcome": outcome, "on": verb}, currency_code="kwd")
            payment_sessions.authorize(
                payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
            )
            payment = captures.capture(payment_id=session.payment.pk, amount=Decimal("1.234"))
            refunds.refund(payment_id=payment.pk, amount=Decimal("0.5"))

    def _rows_by_state(self) -> list[list[Any]]:
        by_state = defaultdict(list)
        for model in apps.get_app_config("medusa_payments").get_models():
            for row in model._default_manager.all():
                state = tuple(getattr(row, name, None) for name in ("kind", "status", "refusal", "name"))
                by_state[model, state].append(row)
        assert len(by_state) > 40
        return list(by_state.values())


@pytest.mark.any_engine
class TestNothingLeaks:
    MODELS = (PaymentCollection, PaymentSession, Payment, Capture, Refund, Operation, Event)

    def test_provider_and_storefront_data_are_never_in_the_html(self, admin_client: Client, payment: Payment) -> None:
        PaymentSession.objects.update(client_data={"token": SECRET}, provider_data={"client_secret": SECRET})
        Payment.objects.update(provider_data={"client_secret": SECRET})
        for operation in Operation.objects.all():
            operation.request["data"] = {"token": SECRET}
            operation.save(update_fields=["request"])

        for model in self.MODELS:
            for row in model.objects.all():
                assert SECRET not in html(admin_client, page_url(row))

    def test_provider_data_is_not_loaded(
        self, admin_client: Client, payment: Payment, django_assert_max_num_queries: Any
    ) -> None:
        urls = [page_url(payment), page_url(payment.payment_session), page_url(payment.payment_collection)]
        with django_assert_max_num_queries(60) as queries:
            for url in urls:
                html(admin_client, url)

        assert not [query["sql"] for query in queries.captured_queries if "provider_data" in query["sql"]]

    def test_markup_in_data_stays_text(self, admin_client: Client, payment: Payment) -> None:
        script = "<script>alert(1)</script>"
        PaymentCollection.objects.update(metadata={"x": script}, order_id=script, email=f"{script}@example.com")
        PaymentSession.objects.update(metadata={"x": script}, provider_id=script)
        Payment.objects.update(metadata={"x": script}, provider_ref=script)
        Capture.objects.update(metadata={"x": script}, created_by=script)
        Refund.objects.update(metadata={"x": script}, note=script)
        Operation.objects.update(error_message=script, created_by=script)
        Event.objects.update(data={"message": script, script: script, "before": {"x": script}, "list": [script]})

        for model in self.MODELS:
            for row in model.objects.all():
                page = html(admin_client, page_url(row))
                assert script not in page
                assert "&lt;script&gt;alert(1)" in page


class TestTables:
    def test_related_table_shows_only_the_latest_rows(
        self, viewer: Client, payment: Payment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(related_tables, "ROW_LIMIT", 2)
        collection = payment.payment_collection
        timeline = html(viewer, page_url(collection)).split('id="event-heading"')[1]

        assert "Only the latest 2 rows are shown." in timeline
        shown = [f'<td class="field-number">{number}</td>' in timeline for number in range(1, collection.event_count)]
        assert shown.count(True) == 1
        assert f'<td class="field-number">{collection.event_count}</td>' in timeline
        url = timeline.split('payments-note">')[1].split('href="')[1].split('"')[0]
        assert f"{collection.event_count} events" in html(viewer, url)

    def test_related_table_without_rows_says_none(self, viewer: Client) -> None:
        payment = factories.authorized_payment()

        assert "Captures None. Refunds None." in text(html(viewer, page_url(payment)))

    def test_models_that_a_site_does_not_show_are_not_linked(self, payment: Payment) -> None:
        payment_admin = PaymentAdmin(Payment, AdminSite())

        assert payment_admin.collection_link(payment) == (
            f'<code class="payments-id">{payment.payment_collection_id}</code>'
        )
        assert payment_admin.related_tables(None, payment) == []  # type: ignore[arg-type]


@pytest.mark.any_engine
class TestTexts:
    def test_every_event_has_a_title(self) -> None:
        assert set(TITLES) == set(EventName)

    def test_every_reason_to_freeze_a_payment_has_a_text(self) -> None:
        given = {*FROZEN_FOR_A_PERSON, DriftKind.DUPLICATE_OBJECT, BEYOND_THE_LIMITS, CONTRADICTS_ITSELF}
        assert given <= REASONS.keys()
        assert not {str(words) for words in REASONS.values()} & set(DriftKind)

    @pytest.mark.parametrize(
        ("minor_units", "currency_code", "shown"),
        [(5997, "eur", "59.97 EUR"), (500, "eur", "5.00 EUR"), (500, "jpy", "500 JPY"), (12345, "kwd", "12.345 KWD")],
    )
    def test_money_has_all_digits_of_its_currency(self, minor_units: int, currency_code: str, shown: str) -> None:
        assert display.money(minor_units, currency_code) == shown

    def test_money_is_exact_beyond_a_float(self) -> None:
        assert display.money(2**63 - 1, "eur") == "92233720368547758.07 EUR"

    def test_money_follows_the_language_of_the_user(self) -> None:
        with translation.override("de"):
            assert display.money(5997, "eur") == "59,97 EUR"

    def test_actor_that_is_no_user_is_shown_as_its_id(self, viewer: Client, payment: Payment) -> None:
        for actor in ("cus_0815", "99999999999999999999", "4711", "\N{SNOWMAN}"):
            Refund.objects.update(created_by=actor)

            assert f"By: {actor}" in text(html(viewer, page_url(payment.refunds.get())))
