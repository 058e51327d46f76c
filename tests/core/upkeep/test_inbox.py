"""An attempt to apply an event that outlasts its turn: another process has taken the event over meanwhile."""

from typing import Any

import pytest
from django.db.models.functions import Now

from medusa_payments.core.upkeep import inbox
from medusa_payments.core.upkeep.inbox import Compared
from medusa_payments.models import PaymentSession, WebhookEvent
from tests.till import Till

APPLIED = Compared()
NOTHING_TO_BOOK = Compared(problem="The event says nothing that can be booked.")
OUT_OF_REACH = Compared(waits=True, problem="The provider can't be reached.")


@pytest.fixture
def event(till: Till) -> WebhookEvent:
    session = till.session()
    return WebhookEvent.objects.create(
        provider_id=session.provider_id,
        provider_account=session.provider_account,
        provider_ref=session.provider_ref or "",
        event_id="evt_1",
        event_type="payment.captured",
    )


def apply_twice_at_once(event: WebhookEvent, *, first: Compared, second: Compared) -> WebhookEvent:
    """The turn of the first process is over while it works, and a second one applies the event before it ends."""

    def compare(event: WebhookEvent, session: PaymentSession) -> Compared:
        WebhookEvent.objects.update(next_attempt_at=Now())
        inbox.apply(WebhookEvent.objects.get(), lambda *_: second)
        return first

    inbox.apply(event, compare)
    return WebhookEvent.objects.get()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("first", "second", "status", "error"),
    [
        (OUT_OF_REACH, APPLIED, "applied", ""),
        (NOTHING_TO_BOOK, APPLIED, "applied", ""),
        (NOTHING_TO_BOOK, OUT_OF_REACH, "waiting", OUT_OF_REACH.problem),
        (OUT_OF_REACH, NOTHING_TO_BOOK, "ignored", NOTHING_TO_BOOK.problem),
        (APPLIED, OUT_OF_REACH, "applied", ""),
        (APPLIED, NOTHING_TO_BOOK, "applied", ""),
    ],
)
def test_success_counts_always_and_failure_only_of_the_last_process(
    event: WebhookEvent, first: Compared, second: Compared, status: str, error: str
) -> None:
    kept = apply_twice_at_once(event, first=first, second=second)

    assert (kept.status, kept.error_message, kept.attempts) == (status, error, 2)
    assert (kept.next_attempt_at is not None) is (status == "waiting")
    assert event.status == kept.status


@pytest.mark.django_db(transaction=True)
def test_event_that_is_done_with_is_not_applied_again(event: WebhookEvent, django_assert_num_queries: Any) -> None:
    """`read_before` is how a worker read it before a member of staff had it applied, which is no attempt."""
    read_before = WebhookEvent.objects.get()
    inbox.store(event, APPLIED)
    asked: list[Any] = []

    def compare(event: WebhookEvent, session: PaymentSession) -> Compared:
        asked.append(event.pk)
        return OUT_OF_REACH

    with django_assert_num_queries(0):
        assert not inbox.apply(event, compare)
    assert not inbox.apply(read_before, compare)
    assert (asked, WebhookEvent.objects.get().status) == ([], "applied")
