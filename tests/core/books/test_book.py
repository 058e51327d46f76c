"""A book: what it reads, when, and by which clock."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from medusa_payments.core.books import book as books
from medusa_payments.core.books.book import Book
from tests.scripted import SECOND, Script, authorize
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]


def test_what_is_made_while_a_book_is_read_without_the_lock_is_not_in_it(till: Till, script: Script) -> None:
    known = till.session()
    book = books.read(known.payment_collection_id)
    assert book is not None
    assert [session.pk for session in book.sessions] == [known.pk]

    till.session(SECOND)

    assert {operation.payment_session_id for operation in book.operations} == {known.pk}


def test_the_time_that_the_lock_was_waited_for_counts_in_an_empty_book_too(till: Till) -> None:
    asked_at = timezone.now()
    book = Book(till.collection(), asked_at=asked_at, asked=time.monotonic() - 60)

    assert book.sessions == []
    assert book.clock() >= asked_at + timedelta(seconds=60)


def test_session_that_was_returned_before_it_was_paid_finds_its_payment_later(till: Till) -> None:
    session = till.session()

    authorize(session)

    assert session.payment.amount == session.amount
