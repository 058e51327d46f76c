"""Lists, search and filters, with a number of queries that doesn't grow with the rows."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from medusa_payments.customers import Customer
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import (
    AccountHolder,
    Capture,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    PublishableKey,
    Refund,
    RefundReason,
)
from medusa_payments.services import account_holders, captures, payment_sessions, payments, refunds
from medusa_payments.testing import factories
from medusa_payments.testing.carts import CartDesk
from tests.admin.conftest import attempt, html, list_url, page_url

# Session, user, and the user's permissions, which take two.
LOGIN = 4


def statements_of(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        html(client, url)
    return [query["sql"] for query in queries.captured_queries]


def found(client: Client, model: type[Model], **query: str) -> set[str]:
    """Return the ids of the rows in a list."""
    response = client.get(list_url(model), query)
    assert response.status_code == 200, response
    return {row.pk for row in response.context["cl"].result_list}


class TestQueries:
    """The number of queries on top of those of the login, with three payments of three clerks."""

    @pytest.fixture(autouse=True)
    def _payments_of_others(self, payment: Payment) -> None:
        for clerk in ("1001", "1002"):
            captures.capture(payment_id=factories.authorized_payment().pk, created_by=clerk)
        for customer_id in ("cus_1", "cus_2", "cus_3"):
            account_holders.create(provider_id="pp_fake_fake", customer=Customer(id=customer_id))
        ContentType.objects.get_for_models(*apps.get_models())

    def test_lists_need_a_fixed_number_of_queries(self, viewer: Client, payment: Payment) -> None:
        # Count and rows; then: bounds and days of the date bar, the clerks' names, values of each filter.
        pinned = {
            PaymentCollection: 2 + 2 + 0 + 1,
            AccountHolder: 2 + 0 + 0 + 1,
            PaymentSession: 2 + 0 + 0 + 2,
            Payment: 2 + 2 + 0 + 2,
            Capture: 2 + 0 + 1 + 2,
            Refund: 2 + 0 + 1 + 3 + 1,  # and how many more are pending
            Operation: 2 + 0 + 1 + 2,
            Event: 2 + 0 + 1 + 1,
            RefundReason: 2,
            PublishableKey: 2,
        }
        assert {model: len(statements_of(viewer, list_url(model))) - LOGIN for model in pinned} == pinned

    def test_pages_need_a_fixed_number_of_queries(self, viewer: Client, payment: Payment) -> None:
        # The row (of a collection also its payments, for the totals); then: its tables, the clerks' names.
        pinned = {
            PaymentCollection: 2 + 8 + 1,
            AccountHolder: 1 + 1 + 0,
            PaymentSession: 1 + 3 + 1,
            Payment: 1 + 9 + 1,
            Capture: 1 + 0 + 1,
            Refund: 1 + 0 + 1,
            Operation: 1 + 6 + 1,
            Event: 1 + 0 + 1,
        }
        rows = {model: model._default_manager.latest("created_at") for model in pinned} | {Payment: payment}
        assert {model: len(statements_of(viewer, page_url(rows[model]))) - LOGIN for model in pinned} == pinned


class TestSearch:
    def test_collections_can_be_searched_by_their_own_fields(self, viewer: Client, payment: Payment) -> None:
        factories.captured_payment(email="john@example.com")
        collection = payment.payment_collection

        for term in (collection.pk, "cart_jane", "order_jane", "cus_jane", "jane@", "JANE@example.com"):
            assert found(viewer, PaymentCollection, q=term) == {collection.pk}, term

    def test_collection_is_found_by_its_sessions_and_payments(self, viewer: Client, payment: Payment) -> None:
        factories.captured_payment()
        for term in (payment.pk, payment.payment_session_id, payment.provider_ref):
            assert found(viewer, PaymentCollection, q=term) == {payment.payment_collection_id}

    def test_related_rows_are_found_by_the_id_of_their_collection(self, viewer: Client, payment: Payment) -> None:
        factories.refunded_payment()
        for model in (PaymentSession, Payment, Capture, Refund, Operation, Event):
            lookup = "payment__payment_collection" if model in {Capture, Refund} else "payment_collection"
            belonging = model._default_manager.filter(**{lookup: payment.payment_collection_id})
            expected = set(belonging.values_list("pk", flat=True))

            assert expected, model
            assert found(viewer, model, q=payment.payment_collection_id) == expected, model
            assert found(viewer, model, q="pay_col_other") == set(), model

    def test_rows_are_found_by_own_id_and_provider_reference(self, viewer: Client, payment: Payment) -> None:
        factories.refunded_payment()
        for model in (PaymentSession, Payment, Capture, Refund, Operation):
            row: Any = model._default_manager.earliest("created_at")

            assert found(viewer, model, q=row.pk) == {row.pk}, model
            if model is not Operation:
                assert found(viewer, model, q=row.provider_ref) == {row.pk}, model

    def test_odd_search_terms_find_nothing(self, viewer: Client, payment: Payment) -> None:
        for term in ("%", "'", '"', "_", "\\", "\N{SNOWMAN}", "a" * 5000, "\0"):
            for model in (PaymentCollection, Payment, Operation):
                assert viewer.get(list_url(model), {"q": term}).status_code == 200, (term, model)


class TestAccountHolders:
    """Found by customer, email and reference; linked from the collection that was paid through one."""

    @pytest.fixture
    def session(self, shop: CartDesk) -> PaymentSession:
        jane = Customer(id="cus_jane", email="jane@example.com")
        account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_joe", email="joe@example.com"))
        collection = factories.make_collection()
        return payment_sessions.initialize(
            payment_collection_id=collection.pk, provider_id="pp_fake_fake", customer=jane
        )

    def test_account_holders_can_be_searched(self, viewer: Client, session: PaymentSession) -> None:
        holder = AccountHolder.objects.get(customer_id="cus_jane")
        its_own = (holder.pk, str(holder.external_id), session.payment_collection_id)

        for term in (*its_own, "cus_jane", "jane@", "JANE@example.com"):
            assert found(viewer, AccountHolder, q=term) == {holder.pk}, term

    def test_account_holder_and_sessions_link_to_each_other(self, viewer: Client, session: PaymentSession) -> None:
        holder = AccountHolder.objects.get(customer_id="cus_jane")

        assert f'href="{page_url(holder)}"' in html(viewer, page_url(session.payment_collection))
        assert f'href="{page_url(session)}"' in html(viewer, page_url(holder))
        assert found(viewer, PaymentSession, q=holder.pk) == {session.pk}

    def test_account_holder_page_hides_data_of_the_provider(
        self, admin_client: Client, session: PaymentSession
    ) -> None:
        AccountHolder.objects.update(data={"note": "a secret"}, request={"phone": "a secret"})
        holder = AccountHolder.objects.get(customer_id="cus_jane")

        assert "a secret" not in html(admin_client, page_url(holder)) + html(admin_client, list_url(AccountHolder))

    @pytest.mark.parametrize(
        ("steps", "state"),
        [("open", "open"), ("rejected", "not open yet"), ("timeout_before", "unknown"), ("forgotten", "forgotten")],
    )
    def test_account_holder_state_is_shown(self, viewer: Client, fake_provider: Any, steps: str, state: str) -> None:
        if steps in {"rejected", "timeout_before"}:
            fake_provider.steer("account_holder", steps)
        with suppress(PaymentsError):
            account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_jane"))
        if steps == "forgotten":
            account_holders.delete(customer_id="cus_jane")

        assert f">{state}</span>" in html(viewer, page_url(AccountHolder.objects.get()))


class TestFilters:
    def test_collections_can_be_filtered_by_status_and_currency(self, viewer: Client, payment: Payment) -> None:
        unpaid = factories.make_collection(currency_code="jpy")
        paid = payment.payment_collection_id

        assert found(viewer, PaymentCollection, status__exact="completed") == {paid}
        assert found(viewer, PaymentCollection, status__exact="not_paid") == {unpaid.pk}
        assert found(viewer, PaymentCollection, currency_code="jpy") == {unpaid.pk}

    def test_sessions_can_be_filtered_by_provider_and_liveness(self, viewer: Client, payment: Payment) -> None:
        replaced = PaymentSession.objects.get(slot=None)

        assert found(viewer, PaymentSession, live="history") == {replaced.pk}
        assert found(viewer, PaymentSession, live="live") == {payment.payment_session_id}
        assert found(viewer, PaymentSession, provider_id="pp_system_default") == {replaced.pk}

    def test_payments_can_be_filtered_by_state(self, viewer: Client) -> None:
        by_state = {
            "authorized": factories.authorized_payment(),
            "partially_captured": factories.partially_captured(Decimal(1)),
            "captured": factories.captured_payment(),
            "partially_refunded": factories.partially_refunded(Decimal(1)),
            "refunded": factories.refunded_payment(),
            "canceled": payments.cancel(payment_id=factories.authorized_payment().pk),
        }

        assert {state: found(viewer, Payment, state=state) for state in by_state} == {
            state: {payment.pk} for state, payment in by_state.items()
        }

    def test_payment_is_refunded_once_all_captured_money_went_back(self, viewer: Client) -> None:
        payment = factories.partially_captured(Decimal(60))
        refunds.refund(payment_id=payment.pk)

        assert found(viewer, Payment, state="refunded") == {payment.pk}

    def test_unknown_operations_are_not_listed_as_open(self, viewer: Client, payment: Payment) -> None:
        lost = factories.authorized_payment(data={"outcome": "timeout_after", "on": "capture"})
        attempt(captures.capture, payment_id=lost.pk)
        unknown = Operation.objects.get(payment=lost)

        assert found(viewer, Operation, status="unknown") == {unknown.pk}
        assert found(viewer, Operation, status="open") == set()
        assert unknown.pk not in found(viewer, Operation, status="succeeded")
        Operation.objects.filter(pk=unknown.pk).update(lease_expires_at=timezone.now() + timedelta(hours=1))
        assert found(viewer, Operation, status="open") == {unknown.pk}
        assert found(viewer, Operation, status="unknown") == set()

    def test_operations_can_be_filtered_by_kind(self, viewer: Client, payment: Payment) -> None:
        refund = payment.refunds.get()

        assert found(viewer, Operation, kind__exact="refund") == {refund.operation_id}

    def test_refunds_can_be_filtered_by_reason(self, viewer: Client, payment: Payment) -> None:
        refund = payment.refunds.get()
        factories.refunded_payment()

        assert found(viewer, Refund, refund_reason__id__exact=refund.refund_reason_id) == {refund.pk}

    def test_ledger_lines_can_be_filtered_by_provider_and_currency(self, viewer: Client, payment: Payment) -> None:
        other = factories.refunded_payment(provider_id="pp_system_default", currency_code="usd")
        refund = other.refunds.get()

        assert found(viewer, Refund, payment__provider_id="pp_system_default") == {refund.pk}
        assert found(viewer, Refund, payment__currency_code="usd") == {refund.pk}

    def test_rows_can_be_filtered_by_day(self, viewer: Client, payment: Payment) -> None:
        tomorrow = (timezone.localtime() + timedelta(days=1)).isoformat()

        assert found(viewer, Payment, created_at__gte=tomorrow) == set()
        assert found(viewer, Payment, created_at__lt=tomorrow) == {payment.pk}
        assert found(viewer, Payment, created_at__year=str(timezone.localtime().year)) == {payment.pk}

    def test_lists_start_with_the_newest_row(self, viewer: Client, payment: Payment) -> None:
        newer = factories.authorized_payment()
        Payment.objects.filter(pk=payment.pk).update(created_at=timezone.now() - timedelta(hours=1))

        response = viewer.get(list_url(Payment))

        assert [row.pk for row in response.context["cl"].result_list] == [newer.pk, payment.pk]
