"""How staff get into Medusa's dashboard: with a token, or with the session's cookie, as it does by default."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.dashboard.clerk import Clerk
from tests.acceptance.dashboard.proxy import Proxy
from tests.acceptance.dashboard.test_dashboard import ordered
from tests.acceptance.museum.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("way", ["jwt", "session"])
def test_nobody_gets_in_with_a_wrong_password(
    way: str, dashboard: Callable[[str], Proxy], visitor: Callable[[Proxy], Clerk]
) -> None:
    clerk = visitor(dashboard(way))
    clerk.tries_to_log_in("wrong")

    clerk.sees("Invalid email or password")

    clerk.opens("/orders")
    clerk.sees("Sign in to access the account area")


def test_the_cookie_writes_where_the_origin_is_listed(
    dashboard: Callable[[str], Proxy], visitor: Callable[[Proxy], Clerk], shop: Shop, settings: Any
) -> None:
    proxy = dashboard("session")
    order, payment = ordered(shop)
    clerk = visitor(proxy)
    clerk.logs_in()
    clerk.opens_order(order["id"])
    clerk.press("Capture payment")
    clerk.confirms()
    clerk.is_notified("CSRF")
    clerk.photographs("session-refused")
    assert shop.moved(payment, "capture") == []

    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"ADMIN_COOKIE_ORIGINS": [proxy.origin]}
    clerk.press("Capture payment")
    clerk.confirms()
    clerk.sees("Payment of €100.00 successfully captured")
    clerk.starts_refund()
    clerk.fills_refund("30")
    clerk.saves()

    clerk.sees("Refund of amount €30.00 successful")

    clerk.photographs("session-refunded")
    assert (shop.moved(payment, "capture"), shop.moved(payment, "refund")) == ([100], [30])


@pytest.mark.parametrize("way", ["jwt", "session"])
def test_logging_out_ends_it(way: str, dashboard: Callable[[str], Proxy], visitor: Callable[[Proxy], Clerk]) -> None:
    clerk = visitor(dashboard(way))
    clerk.logs_in()
    clerk.do(clerk.page.get_by_text("Ada Min").click())
    clerk.do(clerk.page.get_by_role("menuitem", name="Log out").click())
    clerk.sees("Sign in to access the account area")

    clerk.opens("/orders")

    clerk.sees("Sign in to access the account area")
