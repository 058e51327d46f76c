"""The answers that callers of captures and refunds are owed, as staff see them."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from medusa_payments.admin.parts import display
from medusa_payments.models import Debt, Operation
from medusa_payments.services import refunds
from medusa_payments.testing import factories
from tests.admin.conftest import LogIn, attempt, html, list_url, page_url
from tests.admin.test_pages import text

pytestmark = pytest.mark.any_engine


@pytest.fixture
def debts() -> tuple[Debt, Debt]:
    """Ann is still owed her answer; Bob got his."""
    ann, bob = (factories.UserFactory(username=f"{name}@example.com") for name in ("ann", "bob"))
    for_bob, for_ann = (
        factories.captured_payment(data=data) for data in ({}, {"outcome": "timeout_after", "on": "refund"})
    )
    refunds.refund(payment_id=for_bob.pk, amount=Decimal(30), created_by=str(bob.pk))
    attempt(refunds.refund, payment_id=for_ann.pk, amount=Decimal(30), created_by=str(ann.pk))
    return Debt.objects.get(who=str(ann.pk)), Debt.objects.get(who=str(bob.pk))


def told(debt: Debt) -> dict[str, Any]:
    """Return the texts of the cells of a debt, by column."""
    answered = display.moment(debt.paid_at) if debt.paid_at else "-"
    return {"incurred_time": text(display.moment(debt.incurred_at)), "paid_time": text(answered)}


def cells(page: str) -> dict[str, str]:
    """Return the texts of the only debt in a table of the page, by column."""
    table = page.split('id="debt-heading"')[1].split("</table>")[0]
    found = [part.partition('"') for part in table.split('class="field-')[1:]]
    return {name: text(f"<td{rest}".split("</t")[0]) for name, _, rest in found}


def test_operation_page_shows_who_is_owed_its_outcome_and_since_when(viewer: Client, debts: tuple[Debt, Debt]) -> None:
    unpaid, paid = debts
    assert (unpaid.paid_at is None, paid.paid_at is None) == (True, False)
    for debt, name in ((unpaid, "ann@example.com"), (paid, "bob@example.com")):
        page = html(viewer, page_url(debt.operation))
        assert cells(page).items() >= {"owed_to": name, **told(debt)}.items()


def test_debt_list_can_show_unpaid_debts_only(viewer: Client, debts: tuple[Debt, Debt]) -> None:
    _, paid = debts
    links = [f'href="{page_url(debt.operation)}"' for debt in debts]
    for query, shown in (({}, [True, True]), ({"paid_at__isempty": "1"}, [True, False])):
        page = html(viewer, list_url(Debt), **query)
        assert [link in page for link in links] == shown
        assert ("ann@example.com" in page, "bob@example.com" in page) == tuple(shown)
    for wanted in (paid.operation.pk, paid.operation.payment_id):
        page = html(viewer, list_url(Debt), q=wanted)
        assert [link in page for link in links] == [False, True]


def test_debt_page_is_read_only(viewer: Client, debts: tuple[Debt, Debt]) -> None:
    for debt, name in zip(debts, ("ann@example.com", "bob@example.com"), strict=True):
        page = html(viewer, page_url(debt))
        assert f'href="{page_url(debt.operation)}"' in page
        words = text(page)
        assert words.startswith(f"{debt.operation_id} | View debt")
        assert f"Owed to: {name} Since: {told(debt)['incurred_time']} Answered at: {told(debt)['paid_time']}" in words
        assert 'name="_save"' not in page
        assert 'href="delete' not in page


def test_debts_are_hidden_without_the_permission(log_in: LogIn, debts: tuple[Debt, Debt]) -> None:
    clerk = log_in("view_operation", "view_payment")
    page = html(clerk, page_url(Operation.objects.get(pk=debts[0].operation_id)))
    assert 'id="debt-heading"' not in page
    assert clerk.get(list_url(Debt)).status_code == 403
