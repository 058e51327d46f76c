"""Two answers are booked at the same moment. The collection's lock is what keeps them apart."""

from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from medusa_payments.core.books import posting
from medusa_payments.core.books.book import Book
from medusa_payments.models import Event, Payment
from medusa_payments.services import captures
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

LONG = 10.0
NOT_LONG = 0.5


def capture_twice(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Capture 30, and have another thread capture 20 between the reading and the writing of the first settlement."""
    original, others = posting.post_capture_result, []

    def capture_the_other() -> None:
        captures.capture(payment_id=payment.pk, amount=Decimal(20))
        connection.close()

    def post_and_let_the_other_pass(*args: Any) -> None:
        if not others:
            others.append(Thread(target=capture_the_other))
            others[0].start()
            # Without the lock the other one is through by then. With it, it waits for this one.
            others[0].join(NOT_LONG)
        original(*args)

    monkeypatch.setattr(posting, "post_capture_result", post_and_let_the_other_pass)
    captures.capture(payment_id=payment.pk, amount=Decimal(30))
    others[0].join(LONG)
    payment.refresh_from_db()


def test_neither_is_lost(till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = till.authorized()
    capture_twice(payment, monkeypatch)
    assert payment.captured_amount == 5000
    assert differences(fake_provider) == []


def test_without_the_lock_one_is_lost(till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant "settling without the lock". The numbers of the events would catch it too, so they are let slip."""
    original = Book.record

    def record_as_the_next(book: Book, *args: Any, **data: Any) -> None:
        book.collection.event_count = Event.objects.filter(payment_collection=book.collection).count()
        original(book, *args, **data)

    payment = till.authorized()
    monkeypatch.setattr(Book, "record", record_as_the_next)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)
    capture_twice(payment, monkeypatch)
    assert payment.captured_amount == 3000
    assert differences(fake_provider) != []
