"""Scenario 45: a member of staff with exactly one permission tries every verb of every API and page.

Routes and pages are read from the URLconf and from Django admin: a new one without a row here fails.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.admin.sites import site
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from medusa_payments.api.viewsets import AdminViewSet
from medusa_payments.models import (
    Event,
    EventDelivery,
    Operation,
    Payment,
    PaymentCollection,
    PublishableKey,
    RefundReason,
    SecretKey,
    WebhookEvent,
)
from medusa_payments.services import captures, publishable_keys, secret_keys
from medusa_payments.testing.factories import RefundReasonFactory, UserFactory
from tests.scripted import SECOND, authorize
from tests.split import split, tender
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

VERBS = {
    "list payments": "view_payment",
    "look at a payment": "view_payment",
    "list providers": "view_payment",
    "capture": "capture_payment",
    "refund": "refund_payment",
    "cancel": "cancel_payment",
    "make a collection": "add_paymentcollection",
    "look at a collection": "view_paymentcollection",
    "change a collection": "change_paymentcollection",
    "delete a collection": "delete_paymentcollection",
    "choose how to pay": "add_paymentsession",
    "mark as paid": "mark_paid_paymentcollection",
    "list reasons": "view_refundreason",
    "make a reason": "add_refundreason",
    "look at a reason": "view_refundreason",
    "change a reason": "change_refundreason",
    "delete a reason": "delete_refundreason",
    "decide how an operation ended": "resolve_payment",
    "unfreeze": "resolve_payment",
    "compare with the provider": "resolve_payment",
    "replay a webhook": "replay_webhookevent",
    "deliver again": "change_eventdelivery",
    "revoke a publishable key": "change_publishablekey",
    "revoke a secret key": "change_secretkey",
    "list orders": "orders.view_order",
    "look at an order": "orders.view_order",
    "ask again about an order's session": "orders.change_order",
}
"""What each verb asks for, wherever it is offered."""

ROUTES = {
    "GET /admin/payments": "list payments",
    "GET /admin/payments/{id}": "look at a payment",
    "GET /admin/payments/payment-providers": "list providers",
    "POST /admin/payments/{id}/capture": "capture",
    "POST /admin/payments/{id}/refund": "refund",
    "POST /admin/payments/{id}/cancel": "cancel",
    "POST /admin/payment-collections": "make a collection",
    "GET /admin/payment-collections/{id}": "look at a collection",
    "DELETE /admin/payment-collections/{id}": "delete a collection",
    "POST /admin/payment-collections/{id}/payment-sessions": "choose how to pay",
    "POST /admin/payment-collections/{id}/mark-as-paid": "mark as paid",
    "POST /admin/payment-collections/{id}/refund": "refund",
    "GET /admin/refund-reasons": "list reasons",
    "POST /admin/refund-reasons": "make a reason",
    "GET /admin/refund-reasons/{id}": "look at a reason",
    "POST /admin/refund-reasons/{id}": "change a reason",
    "DELETE /admin/refund-reasons/{id}": "delete a reason",
    "GET /v1/admin/payment-collections/{id}": "look at a collection",
    "POST /v1/admin/payment-collections/{id}": "change a collection",
    "DELETE /v1/admin/payment-collections/{id}": "delete a collection",
    "POST /v1/admin/payment-collections/{id}/authorize": "mark as paid",
    "GET /v1/admin/payments/{id}": "look at a payment",
    "POST /v1/admin/payments/{id}/capture": "capture",
    "POST /v1/admin/payments/{id}/refund": "refund",
    "GET /admin/orders": "list orders",
    "GET /admin/orders/{id}": "look at an order",
    "POST /admin/orders/{id}/payment-sessions/authorize": "ask again about an order's session",
}

PAGES = {
    ("payment", "capture"): "capture",
    ("payment", "refund"): "refund",
    ("payment", "cancel"): "cancel",
    ("payment", "look"): "compare with the provider",
    ("payment", "unfreeze"): "unfreeze",
    ("paymentcollection", "refund"): "refund",
    ("operation", "decide"): "decide how an operation ended",
    ("webhookevent", "replay"): "replay a webhook",
}
"""The pages that do something. They ask for `view_…` of their model as well."""

ACTIONS = {
    ("eventdelivery", "deliver_again"): {"deliver again"},
    ("publishablekey", "revoke"): {"revoke a publishable key"},
    ("publishablekey", "rotate"): {"revoke a publishable key", "add_publishablekey"},
    ("secretkey", "revoke"): {"revoke a secret key"},
}
"""What is done with the rows that were ticked in a list; `view_…` is needed as well."""

FORMS = {"refundreason": "add_refundreason", "publishablekey": "add_publishablekey"}
"""What is made by a form."""

MODELS = {model._meta.model_name: model for model in apps.get_app_config("medusa_payments").get_models()}
LOOKING = ("changelist", "change", "history")
DJANGO = {"add", "delete", "None", *LOOKING}


def named(permission: str) -> str:
    """Return a permission, or the one that a verb asks for, with its app."""
    codename = VERBS.get(permission, permission)
    return codename if "." in codename else f"medusa_payments.{codename}"


def patterns(entries: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in get_resolver().url_patterns if entries is None else entries:
        route = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, route)
        else:
            yield route, entry


def routes() -> set[str]:
    """The staff routes of all APIs, without their twins that end in a slash."""
    found = set()
    for route, pattern in patterns():
        view = pattern.callback
        if issubclass(getattr(view, "cls", object), AdminViewSet) or re.match(r"(v1/)?admin/", route):
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", route).rstrip("/")
            found |= {f"{method.upper()} /{path}" for method in view.actions if method != "head"}  # type: ignore[attr-defined]
    return found


def pages() -> set[tuple[str, str]]:
    """The model and the kind of every page of ours in Django admin."""
    return {
        (name, str(pattern.name).removeprefix(f"medusa_payments_{name}_"))
        for name, model in MODELS.items()
        for pattern in site.get_model_admin(model).get_urls()
    }


def staff(*permissions: str) -> Client:
    user = UserFactory(is_staff=True)
    for app_label, _, codename in (each.partition(".") for each in map(named, permissions)):
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def holders(asked_for: set[str]) -> Iterator[tuple[set[str], Client]]:
    """Yield a client for each of the permissions, and one with all others of the shop together."""
    ours = Permission.objects.filter(content_type__app_label__in=["medusa_payments", "orders", "shop", "auth"])
    every = {f"{app}.{codename}" for app, codename in ours.values_list("content_type__app_label", "codename")}
    assert asked_for <= every
    for permissions in (*({each} for each in sorted(asked_for)), every - asked_for):
        yield permissions, staff(*permissions)


def test_45_every_route_has_a_row() -> None:
    assert routes() == set(ROUTES)


def test_45_every_page_and_action_has_a_row() -> None:
    assert {(name, kind) for name, kind in pages() if kind not in DJANGO} == set(PAGES)
    actions = {(name, each) for name, model in MODELS.items() for each in site.get_model_admin(model).actions or ()}
    assert actions == set(ACTIONS)


def test_45_no_two_verbs_that_move_or_declare_money_share_a_permission() -> None:
    alone = ("capture", "refund", "cancel", "mark as paid", "replay a webhook", "deliver again", "unfreeze")

    assert len({VERBS[verb] for verb in alone}) == len(alone)


@pytest.mark.proof
def test_45_one_permission_opens_the_routes_of_its_verbs_and_no_other() -> None:
    wrong = []
    for permissions, client in holders(set(map(named, ROUTES.values()))):
        for route, verb in ROUTES.items():
            method, path = route.split()
            response = client.generic(method, path.replace("{id}", "x_unknown"), "{}", content_type="application/json")
            is_open = response.status_code in {200, 400, 404}
            says_why = is_open or named(verb) in response.json()["message"]
            if is_open != (named(verb) in permissions) or not says_why:
                wrong.append((permissions, route, response.status_code))
    assert wrong == []


Rows = dict[str, Model]


@pytest.fixture
def rows(till: Till, script: Any) -> Rows:
    """A row of what the pages are about, on which all that they offer can be done."""
    collection = till.collection()
    for session in split(collection, tender("60"), tender("40", SECOND)):
        captures.capture(payment_id=authorize(session).payment.pk, amount=Decimal(10))
    payment = Payment.objects.get(amount=6000)
    waiting = Operation.objects.filter(payment=payment, kind="capture").get()
    Operation.objects.filter(pk=waiting.pk).update(status="open", settled_at=None, needs_person_at=waiting.created_at)
    webhook = WebhookEvent.objects.create(
        provider_id="pp_fake_fake",
        provider_account="fake",
        event_id="fake_evt_1",
        event_type="payment.captured",
        provider_ref=payment.provider_ref,
        body=b"{}",
    )
    return {
        "payment": payment,
        "paymentcollection": collection,
        "operation": waiting,
        "webhookevent": webhook,
        "eventdelivery": EventDelivery.objects.create(event=Event.objects.order_by("pk")[0]),
        "publishablekey": publishable_keys.create(title="Shop window"),
        "secretkey": secret_keys.create(title="Robot", user=UserFactory(is_staff=True)).key,
        "refundreason": RefundReasonFactory(),
    }


def address(rows: Rows, name: str, kind: str, *more: object) -> str:
    row = rows.get(name)
    arguments = [] if kind in {"changelist", "add"} else [quote(row.pk if row else "x_unknown"), *more]
    return reverse(f"admin:medusa_payments_{name}_{kind}", args=arguments)


@pytest.mark.proof
def test_45_one_permission_opens_the_pages_of_its_model_and_no_page_that_does_something(rows: Rows) -> None:
    wrong = []
    for name in MODELS:
        own = {named(f"{verb}_{name}") for verb in ("add", "change", "delete", "view")}
        # Who may change a reason sees it in the form.
        may_look = {named(f"view_{name}"), *([named("change_refundreason")] if name == "refundreason" else [])}
        opens = {"add": {named(FORMS[name])} if name in FORMS else set(), **dict.fromkeys(LOOKING, may_look)}
        for permissions, client in holders(own):
            # The page without a name is Django's old address of a row; it asks for the row before the permission.
            unasked = {"None"} if name in rows else {"None", "history"}
            for kind in {kind for model, kind in pages() if model == name} - unasked:
                status = client.get(address(rows, name, kind)).status_code
                if (status == 403) is not permissions.isdisjoint(opens.get(kind, set())):
                    wrong.append((permissions, name, kind, status))
    assert wrong == []


@pytest.mark.proof
def test_45_a_page_that_does_something_needs_its_verbs_permission_and_its_button_says_the_same(rows: Rows) -> None:
    wrong = []
    payment, view = Payment.objects.get(pk=rows["payment"].pk), {named(f"view_{name}") for name, _ in PAGES}
    clients = [({each, *view}, staff(each, *view)) for each in map(named, dict.fromkeys(PAGES.values()))]
    for (name, kind), verb in PAGES.items():
        Payment.objects.filter(pk=payment.pk).update(frozen_at=payment.created_at if kind == "unfreeze" else None)
        url = address(rows, name, kind)
        urls = [url, address(rows, name, kind, uuid4())] if kind in {"capture", "refund", "cancel"} else [url]
        for permissions, client in [*clients, ({named(verb)}, staff(verb))]:
            may = {named(verb), named(f"view_{name}")} <= permissions
            is_offered = f'href="{url}"' in client.get(address(rows, name, "change")).content.decode()
            statuses = [request(each).status_code for each in urls for request in (client.get, client.post)]
            if is_offered is not may or any((status == 403) is may for status in statuses):
                wrong.append((permissions, name, kind, is_offered, statuses))
    assert wrong == []


def test_45_an_action_needs_its_verbs_permission_and_is_offered_to_nobody_else(rows: Rows) -> None:
    wrong = []
    for (name, action), verbs in ACTIONS.items():
        needed = {named(f"view_{name}"), *map(named, verbs)}
        for client, may in [(staff(*needed), True), *((staff(*needed - {each}), False) for each in needed)]:
            url = address(rows, name, "changelist")
            is_offered = f'value="{action}"' in client.get(url).content.decode()
            before = _state(rows)
            client.post(url, {"action": action, "_selected_action": [rows[name].pk], "confirmed": "1"})
            if is_offered is not may or (not may and _state(rows) != before):
                wrong.append((name, action, may, is_offered))
    assert wrong == []


def _state(rows: Rows) -> list[Any]:
    models: list[type[Model]] = [PublishableKey, SecretKey, EventDelivery, RefundReason, PaymentCollection]
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def _give() -> Callable[..., None]:
    found = next(Path("medusa_payments/migrations").glob("*_mark_paid_permission.py"))
    migration: Any = import_module(f"medusa_payments.migrations.{found.stem}")
    give: Callable[..., None] = migration.give_to_those_who_may_capture
    return give


class TestWhoCouldMarkAsPaidBeforeTheUpgrade:
    """The migration gives the new permission to the users and groups that may capture."""

    def migrate(self) -> None:
        _give()(None, SimpleNamespace(connection=connection))

    def test_45_keeps_the_right(self) -> None:
        clerk, viewer, both = (UserFactory(is_staff=True) for _ in range(3))
        capture = Permission.objects.get(codename="capture_payment")
        clerk.user_permissions.add(capture)
        both.user_permissions.add(capture, Permission.objects.get(codename="mark_paid_paymentcollection"))
        viewer.user_permissions.add(Permission.objects.get(codename="view_payment"))
        group = Group.objects.create(name="Clerks")
        group.permissions.add(capture)

        for _ in range(2):
            self.migrate()

        holders = Permission.objects.get(codename="mark_paid_paymentcollection")
        assert set(holders.user_set.all()) == {clerk, both}  # type: ignore[attr-defined]
        assert set(holders.group_set.all()) == {group}

    def test_45_keeps_it_though_the_permission_is_made_only_after_all_migrations(self) -> None:
        Permission.objects.filter(codename="mark_paid_paymentcollection").delete()
        clerk = UserFactory(is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="capture_payment"))

        self.migrate()

        assert clerk.has_perm("medusa_payments.mark_paid_paymentcollection")

    def test_45_does_nothing_in_a_fresh_database(self) -> None:
        Permission.objects.filter(content_type__app_label="medusa_payments").delete()

        self.migrate()

        assert not Permission.objects.filter(content_type__app_label="medusa_payments").exists()
