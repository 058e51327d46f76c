"""Who was owed an answer is forgotten with time, and never while the answer may still be asked for."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Debt, Operation, Payment
from medusa_payments.services import refunds
from tests.scripted import Script, answer_lost, lost, run_out, unavailable
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

Ask = Callable[[int], Payment]


@pytest.fixture
def ask(till: Till) -> Ask:
    """Ann, who has no key, asks for so much back, and says why: by that her repeat is known, too."""
    payment = till.captured()
    Debt.objects.all().delete()
    return lambda amount: refunds.refund(payment_id=payment.pk, amount=Decimal(amount), created_by="ann", note="torn")


def work() -> None:
    with pytest.raises(SystemExit):
        call_command("payments_worker", "--once", verbosity=0)


def of(amount: int) -> Operation:
    return Operation.objects.get(kind="refund", amount=amount * 100)


def age(operation: Operation, **ago: float) -> None:
    """Let all of an operation have happened so long ago."""
    back = timedelta(**ago)
    Operation.objects.filter(pk=operation.pk).update(
        created_at=F("created_at") - back, settled_at=F("settled_at") - back
    )
    Debt.objects.filter(operation=operation).update(incurred_at=F("incurred_at") - back, paid_at=F("paid_at") - back)


def owed() -> set[Operation]:
    return {debt.operation for debt in Debt.objects.all()}


def lose(script: Script, ask: Ask, amount: int, answer: Any) -> Operation:
    script["refund"] = answer
    with pytest.raises(PaymentOutcomeUnknown):
        ask(amount)
    del script["refund"]
    return of(amount)


def find_out(operation: Operation) -> Operation:
    """What became of it, long before who asked comes back."""
    run_out(operation)
    work()
    return operation


def test_old_debts_go_and_those_of_what_is_unknown_stay(ask: Ask, script: Script) -> None:
    """Given or not: an answer that nobody has come back for in three months is nobody's any more."""
    for amount in (10, 20):
        ask(amount)
    given, recent, fetched_by_nobody = of(10), of(20), find_out(lose(script, ask, 5, answer_lost))
    script["retrieve"] = unavailable
    unknown = lose(script, ask, 30, lost)
    assert owed() == {given, recent, fetched_by_nobody, unknown}
    age(recent, days=89)
    for operation in (given, fetched_by_nobody, unknown):
        age(operation, days=91)
    run_out(unknown)

    work()

    assert owed() == {recent, unknown}
    assert Operation.objects.get(pk=unknown.pk).is_open


def test_nothing_is_forgotten_that_is_still_an_answer(
    ask: Ask, script: Script, settings: Any, moved: Callable[[str], list[int]]
) -> None:
    """However little is kept: who comes back within a day gets the answer, not the money once more."""
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"RETENTION_DAYS": 0}
    late, later = (find_out(lose(script, ask, amount, answer_lost)) for amount in (10, 20))
    age(late, hours=23)
    age(later, hours=25)

    work()

    assert owed() == {late}
    assert ask(10).refunded_amount == 3000
    assert moved("refund") == [1000, 2000]
