"""Disputes in Django admin: the most urgent first, shown on the page of the payment, and not refundable."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.models import Dispute, Payment
from medusa_payments.providers.facts import DisputeState
from medusa_payments.testing import factories
from medusa_payments.testing.fake_provider import FakeProvider
from tests.admin.browser import Browser
from tests.admin.conftest import html, list_url, page_url
from tests.admin.test_lists import found
from tests.admin.test_pages import text

pytestmark = pytest.mark.any_engine

DAY = 24 * 3600


@pytest.fixture
def disputed(fake_provider: FakeProvider) -> Callable[..., Dispute]:
    """Return a dispute of the given payment, or of a new one."""

    def open_it(payment: Payment | None = None, amount: int | None = None, **how: Any) -> Dispute:
        payment = payment or factories.captured_payment(email="jane@example.com")
        ref = fake_provider.dashboard.open_dispute(payment.provider_ref, amount, **how)
        comparing.look_at(payment.payment_session_id)
        return Dispute.objects.get(provider_ref=ref)

    return open_it


class TestList:
    def test_dispute_list_starts_with_the_most_urgent(self, viewer: Client, disputed: Any) -> None:
        later, sooner = disputed(due_in_seconds=9 * DAY), disputed(due_in_seconds=2 * DAY)
        answered = disputed(state=DisputeState.UNDER_REVIEW, due_in_seconds=DAY)
        undated, overdue = disputed(due_in_seconds=None), disputed(due_in_seconds=-DAY)

        rows = [row.pk for row in viewer.get(list_url(Dispute)).context["cl"].result_list]

        assert rows[:3] == [overdue.pk, sooner.pk, later.pk]
        assert set(rows[3:]) == {answered.pk, undated.pk}

    @pytest.mark.parametrize(
        ("due_in_seconds", "words", "tone"),
        [
            (-60, "overdue", "negative"),
            (3600, "due today", "negative"),
            (1.5 * DAY, "1 day left", "negative"),
            (5.5 * DAY, "5 days left", "warning"),
        ],
    )
    def test_near_deadline_is_shown_as_an_error(
        self, viewer: Client, disputed: Any, due_in_seconds: float, words: str, tone: str
    ) -> None:
        disputed(due_in_seconds=due_in_seconds)
        assert f'<span class="payments-badge payments-badge-{tone}">{words}</span>' in html(viewer, list_url(Dispute))

    @pytest.mark.parametrize("state", ["under_review", "won", "lost", "closed"])
    def test_dispute_that_cannot_be_answered_has_no_deadline(self, viewer: Client, disputed: Any, state: str) -> None:
        disputed(state=DisputeState(state), due_in_seconds=-60)
        assert "overdue</span>" not in html(viewer, list_url(Dispute))

    def test_disputes_can_be_filtered_by_deadline(self, viewer: Client, disputed: Any) -> None:
        overdue, soon, later = (disputed(due_in_seconds=days * DAY) for days in (-1, 2, 9))
        over = disputed(state=DisputeState.WON, due_in_seconds=2 * DAY)

        assert found(viewer, Dispute, evidence="overdue") == {overdue.pk}
        assert found(viewer, Dispute, evidence="soon") == {soon.pk}
        assert found(viewer, Dispute, evidence="open") == {overdue.pk, soon.pk, later.pk}
        assert found(viewer, Dispute, evidence="none") == {over.pk}
        assert found(viewer, Dispute, state__exact="won") == {over.pk}

    @pytest.mark.parametrize(
        "path", ["pk", "provider_ref", "payment_id", "payment.provider_ref", "payment.payment_collection_id"]
    )
    def test_disputes_can_be_searched(self, viewer: Client, disputed: Any, path: str) -> None:
        wanted, _ = disputed(), disputed()
        term: Any = wanted
        for name in path.split("."):
            term = getattr(term, name)
        assert found(viewer, Dispute, q=term) == {wanted.pk}
        assert len(found(viewer, Dispute, q="jane@")) == 2


class TestPages:
    def test_dispute_page_is_read_only(self, viewer: Client, disputed: Any) -> None:
        dispute = disputed()
        page = text(html(viewer, page_url(dispute)))
        for shown in ("needs a response", "100.00 EUR", "fraudulent", dispute.provider_ref, dispute.payment_id):
            assert shown in page

    def test_payment_page_shows_its_disputes(self, viewer: Client, disputed: Any) -> None:
        dispute = disputed(amount=4000)
        page = html(viewer, page_url(dispute.payment))
        assert 'id="dispute-heading"' in page
        assert dispute.pk in page
        assert "State: disputed Amount" in text(page)
        assert "Can't be refunded: 40.00 EUR" in text(page).replace("&#x27;", "'")
        assert found(viewer, Payment, state="disputed") == {dispute.payment_id}

    def test_timeline_shows_disputes(self, viewer: Client, disputed: Any, fake_provider: FakeProvider) -> None:
        dispute = disputed(amount=500, currency_code="usd")
        fake_provider.dashboard.win_dispute(dispute.provider_ref)
        comparing.look_at(dispute.payment.payment_session_id)
        page = text(html(viewer, page_url(dispute.payment.payment_collection)))
        for shown in ("Dispute opened", "5.00 USD", "Dispute won", "needs a response → won"):
            assert shown in page
        # What it withholds is the payment's money, whatever the dispute's own currency is.
        assert "withheld 100.00 EUR → 0.00 EUR" in page
        assert "disputed in total 100.00 EUR" in page


class TestRefunding:
    def test_refund_page_shows_the_disputed_amount(self, viewer: Client, disputed: Any) -> None:
        page = html(viewer, page_url(disputed(due_in_seconds=9 * DAY).payment))
        due = Dispute.objects.get().evidence_due_by
        assert due is not None
        assert "Dispute opened" in page.split('id="event-heading"')[1]
        assert f"evidence due by {due:%Y-%m-%d %H:%M:%S}" in text(page)

    def test_fully_disputed_payment_has_no_refund_button(self, browser: Browser, disputed: Any) -> None:
        dispute = disputed()
        page = html(browser.client, page_url(dispute.payment))
        assert "Refund payment" not in page

    def test_refund_form_of_a_disputed_payment_redirects_with_the_reason(self, browser: Browser, disputed: Any) -> None:
        dispute = disputed()
        url = page_url(dispute.payment).replace("/change/", "/refund/")
        page = browser.client.get(url, follow=True).content.decode()
        assert "100.00 EUR is disputed, and nothing else is left to refund." in page

    def test_only_undisputed_money_can_be_refunded(self, browser: Browser, disputed: Any) -> None:
        dispute = disputed(amount=4000)
        url = page_url(dispute.payment).replace("/change/", "/refund/")
        page = browser.client.get(url, follow=True).content.decode()
        assert "Disputed, not refundable" in page
        assert 'max="60"' in page


def test_deadline_is_shown_only_while_the_dispute_lasts(viewer: Client, disputed: Any) -> None:
    dispute = disputed(due_in_seconds=60)
    Dispute.objects.filter(pk=dispute.pk).update(state="lost", closed_at=timezone.now() - timedelta(days=1))
    assert "due today" not in html(viewer, page_url(dispute.payment))
