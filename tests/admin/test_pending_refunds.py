"""Refunds that the provider has only accepted, or that failed: in every list and page that shows refunds."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from medusa_payments.core.saga import comparing
from medusa_payments.models import Operation, Payment, PaymentCollection, Refund
from medusa_payments.providers.facts import RefundState
from medusa_payments.services import refunds
from medusa_payments.testing import factories
from medusa_payments.testing.fake_provider import FakeProvider
from tests.admin.conftest import html, list_url, page_url
from tests.admin.test_pages import text
from tests.audit import recover

pytestmark = pytest.mark.any_engine


@pytest.fixture
def payment(cart_desk: Any, fake_provider: FakeProvider) -> Payment:
    """100 EUR captured, a refund of 30 pending, and one of 40 that failed."""
    payment = factories.captured_payment(data={"on": "refund", "outcome": "pending"})
    refunds.refund(payment_id=payment.pk, amount=Decimal(40))
    fake_provider.dashboard.settle_refund(
        fake_provider.dashboard.refund_refs(payment.provider_ref)[0], RefundState.FAILED
    )
    recover()
    return refunds.refund(payment_id=payment.pk, amount=Decimal(30), note="One article")


def test_pages_show_pending_and_failed_refunds(admin_client: Client, payment: Payment) -> None:
    for row in (payment, payment.payment_collection):
        page = html(admin_client, page_url(row))
        for operation in Operation.objects.filter(kind="refund"):
            assert operation.line_id in page
        assert "payments-badge-progress" in page
        assert '<span class="payments-badge payments-badge-progress">pending</span>' in page
        assert '<span class="payments-badge payments-badge-negative">failed</span>' in page
        assert "One article" in page


SUMS = ("Captured", "Refunded", "Can be refunded")


def sums(client: Client, row: Payment | PaymentCollection) -> tuple[str, str, list[str]]:
    """Return the pending amount, all amounts, and each refund, as a page shows them."""
    page = html(client, page_url(row))
    words = text(page)
    pending = re.search(r"(?:Refunding|Refund pending): ([\d.]+) EUR", words)
    told = (re.search(rf"\b{name}: ([\d.]+) EUR", words) for name in SUMS)
    listed = re.findall(r"ref_\w{26} (\w+ [\d.]+) EUR", text(page.split('id="refund-heading"')[1]))
    return pending[1] if pending else "0.00", " ".join(found[1] for found in told if found), sorted(listed)


@pytest.mark.parametrize(
    ("becomes", "pending", "told", "listed"),
    [
        ([], "30.00", "100.00 0.00 70.00", ["failed 40.00", "pending 30.00"]),
        (["succeeded"], "0.00", "100.00 30.00 70.00", ["failed 40.00", "succeeded 30.00"]),
        (["failed"], "0.00", "100.00 0.00 100.00", ["failed 30.00", "failed 40.00"]),
        (["succeeded", "failed"], "0.00", "100.00 0.00 100.00", ["failed 30.00", "failed 40.00"]),
    ],
    ids=["nothing yet", "it arrives", "it fails", "it fails after it was booked"],
)
def test_pending_and_failed_refunds_are_not_counted_as_refunded(
    admin_client: Client,
    payment: Payment,
    fake_provider: FakeProvider,
    becomes: list[str],
    pending: str,
    told: str,
    listed: list[str],
) -> None:
    """Pending money can't be refunded again. Money of a failed refund can, and the page shows the failure."""
    for state in becomes:
        refund_ref = fake_provider.dashboard.refund_refs(payment.provider_ref)[1]
        fake_provider.dashboard.settle_refund(refund_ref, RefundState(state))
        comparing.look_at(payment.payment_session_id)
    for row in (payment, payment.payment_collection):
        assert sums(admin_client, row) == (pending, told, listed)


def test_refund_without_a_line_redirects_to_its_operation(admin_client: Client, payment: Payment) -> None:
    for operation in Operation.objects.filter(kind="refund"):
        url = reverse("admin:medusa_payments_refund_change", args=[operation.line_id])
        answer = admin_client.get(url)
        assert (answer.status_code, answer["Location"]) == (302, page_url(operation))
        assert operation.line_id in html(admin_client, page_url(operation))
    unknown = admin_client.get(reverse("admin:medusa_payments_refund_change", args=["ref_unknown"]))
    assert (unknown.status_code, unknown["Location"]) == (302, reverse("admin:index"))


def test_refund_list_links_to_pending_refunds(admin_client: Client, payment: Payment) -> None:
    other = factories.captured_payment()

    refunds_list = html(admin_client, list_url(Refund))
    [title] = re.findall(r"<title>(.*?)</title>", refunds_list, flags=re.DOTALL)
    assert title.startswith("1 more refund is pending |")
    [link] = re.findall(r'<h2><a href="([^"]+)">1 more refund is pending</a></h2>', refunds_list)
    operations = html(admin_client, unescape(link))
    pending, failed = (Operation.objects.get(kind="refund", status=each).pk for each in ("accepted", "refused"))
    assert (pending in operations, failed in operations) == (True, False)
    for model, state, rows in (
        (Payment, "state=refunding", (payment, other)),
        (PaymentCollection, "refund=pending", (payment.payment_collection, other.payment_collection)),
    ):
        page = html(admin_client, f"{list_url(model)}?{state}")
        assert [row.pk in page for row in rows] == [True, False]


def test_refund_list_shows_booked_refunds_that_failed(
    admin_client: Client, payment: Payment, fake_provider: FakeProvider
) -> None:
    refund_ref = fake_provider.dashboard.refund_refs(payment.provider_ref)[1]
    fake_provider.dashboard.settle_refund(refund_ref, RefundState.SUCCEEDED)
    recover()
    line = Refund.objects.get()
    assert "more refund is pending" not in html(admin_client, list_url(Refund))
    assert line.pk in html(admin_client, f"{list_url(Refund)}?state=succeeded")
    assert line.pk not in html(admin_client, f"{list_url(Refund)}?state=failed")
