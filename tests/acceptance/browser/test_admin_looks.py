"""The pages of Django admin on the screen of a small laptop."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.async_api import Locator

from medusa_payments.core.saga import comparing
from medusa_payments.models import Payment
from medusa_payments.services import captures
from medusa_payments.testing import factories
from medusa_payments.testing.carts import CartDesk
from tests.acceptance.browser.shopper import DESKTOP, Shopper
from tests.admin.conftest import attempt, list_url, page_url

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clerk(customer: Callable[..., Shopper], cart_desk: CartDesk) -> Shopper:
    """Somebody who is logged in, with a capture whose answer was lost to look at."""
    payment = factories.authorized_payment(data={"outcome": "timeout_after", "on": "capture"})
    attempt(captures.capture, payment_id=payment.pk)
    clerk = customer(viewport=DESKTOP)
    clerk.do(clerk.page.goto(f"{clerk.base_url}/django-admin/"))
    clerk.type("Username", "admin@example.com")
    clerk.type("Password", "admin")
    clerk.press("Log in")
    return clerk


def box(clerk: Shopper, locator: Locator) -> dict[str, float]:
    found = clerk.do(locator.bounding_box())
    assert found is not None
    return dict(found)


def test_amounts_are_in_sight_without_scrolling(clerk: Shopper) -> None:
    factories.partially_refunded(Decimal(100), amount=Decimal(1000))
    clerk.do(clerk.page.goto(clerk.base_url + list_url(Payment)))

    refunded, table = (box(clerk, clerk.page.locator(css).first) for css in ("td.field-refunded_money", ".results"))

    assert refunded["x"] + refunded["width"] <= table["x"] + table["width"]


def test_buttons_do_not_cover_the_name_of_what_they_are_about(clerk: Shopper) -> None:
    clerk.do(clerk.page.goto(clerk.base_url + page_url(Payment.objects.get())))

    name, buttons = (box(clerk, clerk.page.locator(css)) for css in ("#content > h2", ".object-tools"))

    assert buttons["y"] >= name["y"] + name["height"]


def test_ledger_and_provider_each_have_a_line_of_their_own(clerk: Shopper) -> None:
    clerk.do(clerk.page.goto(f"{clerk.base_url}{page_url(Payment.objects.get()).removesuffix('change/')}look/"))

    labels = clerk.do(clerk.page.locator(".payments-summary dt").all())
    lines: dict[str, set[float]] = {}
    for label in labels:
        side = clerk.do(label.inner_text()).partition(":")[0]
        lines.setdefault(side, set()).add(box(clerk, label)["y"])

    assert [len(lines[side]) for side in ("Ledger", "Provider")] == [1, 1]
    assert lines["Ledger"].isdisjoint(lines["Provider"])


def test_a_deadline_is_not_broken_within_its_date(clerk: Shopper, fake_provider: Any) -> None:
    payment = factories.captured_payment(email="jane.longname@example.com")
    fake_provider.dashboard.open_dispute(payment.provider_ref, due_in_seconds=-60)
    comparing.look_at(payment.payment_session_id)
    clerk.do(clerk.page.goto(clerk.base_url + page_url(payment)))

    deadline = box(clerk, clerk.page.locator(".payments-scroll td.field-deadline time"))
    opened = box(clerk, clerk.page.locator(".payments-scroll td.field-opened_time time"))

    assert deadline["height"] <= opened["height"]
