"""What a movement changes of its payment, and what it leaves as it was."""

from decimal import Decimal

from medusa_payments.core.books import book as books
from medusa_payments.core.books import posting
from medusa_payments.core.books.evidence import Refused, Succeeded
from medusa_payments.core.saga import comparing
from medusa_payments.models import Capture, Operation, Payment, Refund, RefundReversal
from medusa_payments.providers.facts import CaptureFact
from medusa_payments.providers.types import RefundResult, RefundStatus
from medusa_payments.services import captures, refunds
from medusa_payments.states import RefusalKind
from tests.scripted import SECOND, Script, authorize, changed, euros, settle
from tests.split import split, tender
from tests.till import Till


def test_a_refund_leaves_the_moment_of_the_last_capture(till: Till) -> None:
    payment = till.captured()
    captured_at = Payment.objects.get().captured_at
    assert captured_at is not None

    refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    assert Payment.objects.get().captured_at == captured_at


def test_each_answer_adds_to_the_providers_data(till: Till, script: Script) -> None:
    payment = till.authorized()
    script["capture"] = changed(data={"charge": "ch_1"})
    captures.capture(payment_id=payment.pk)
    script["refund"] = changed(data={"refund": "re_1"})

    refunds.refund(payment_id=payment.pk)

    assert Payment.objects.get().provider_data.items() >= {"charge": "ch_1", "refund": "re_1"}.items()


def test_a_reference_that_another_payment_has_says_nothing_of_this_one(till: Till, script: Script) -> None:
    """Two accounts may number their captures alike."""
    paid = [authorize(session) for session in split(till.collection(), tender("60"), tender("40", SECOND))]
    fact = CaptureFact(money=euros(3000), capture_ref="1")
    script["retrieve"] = changed(captured=euros(3000), captures=(fact,))

    for session in paid:
        comparing.look_at(session.pk)

    assert sorted(Capture.objects.values_list("amount", "provider_ref")) == [(3000, "1"), (3000, "1")]
    assert Capture.objects.values("payment").distinct().count() == 2


def test_a_refund_keeps_the_reference_under_which_it_was_accepted(till: Till, script: Script) -> None:
    payment = till.captured()
    script["refund"] = changed(status=RefundStatus.ACCEPTED, refund_ref="re_1")
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    operation = Operation.objects.get(kind="refund")

    for status in (RefundStatus.ACCEPTED, RefundStatus.SUCCEEDED):
        settle(operation, Succeeded(result=RefundResult(money=euros(3000), status=status)))
        operation.refresh_from_db()
        assert operation.line_ref == "re_1"

    assert Refund.objects.get().provider_ref == "re_1"


def test_a_refund_that_is_accepted_late_keeps_its_reference(till: Till, script: Script) -> None:
    """Somebody closed its operation meanwhile, and its second answer doesn't name the refund."""
    payment = till.captured()
    script["refund"] = changed(status=RefundStatus.ACCEPTED, refund_ref="re_1")
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    operation = Operation.objects.get(kind="refund")
    settle(operation, Refused(refusal=RefusalKind.DECLINED, message="It failed."))

    settle(operation, Succeeded(result=RefundResult(money=euros(3000), status=RefundStatus.ACCEPTED)))

    operation.refresh_from_db()
    assert (operation.status, operation.line_ref) == ("accepted", "re_1")


def test_a_refund_that_fails_is_reversed_in_the_same_book(till: Till) -> None:
    """What is decided in this book already knows: the same request asks for another refund."""
    payment = till.captured()
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    with books.opened(payment.payment_collection_id) as book:
        operation = next(each for each in book.operations if each.kind == "refund")
        assert not operation.is_reversed  # type: ignore[attr-defined]
        assert posting.reverse_refund(book, book.refunds[0], reason="Account closed.")
        assert operation.is_reversed  # type: ignore[attr-defined]
        assert not posting.reverse_refund(book, book.refunds[0], reason="Account closed.")

    payment.refresh_from_db()
    assert (payment.refunded_amount, RefundReversal.objects.get().amount) == (0, 3000)
