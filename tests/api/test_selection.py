"""Medusa's `fields` grammar."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_payments.api.documents.selection import Selectable, Tree
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine


def tree(*paths: str) -> Tree:
    root: Tree = {}
    for path in paths:
        node = root
        for name in path.split("."):
            node = node.setdefault(name, {})
    return root


SESSION = ("payment_sessions.id", "payment_sessions.status", "payment_sessions.payment.id")
SELECTABLE = Selectable(
    available=tree(
        "id",
        "amount",
        "status",
        "metadata",
        *SESSION,
        "payment_sessions.data",
        "payment_sessions.payment.amount",
        "payment_sessions.payment.refunds.id",
        "payment_sessions.payment.refunds.reason_id",
        "payment_sessions.payment.refunds.reason.id",
        "payment_sessions.payment.refunds.reason.label",
    ),
    default=tree("id", "amount", *SESSION),
)


@pytest.mark.parametrize(
    ("case", "fields", "expected"),
    [
        ("absent means the default", None, ("id", "amount", *SESSION)),
        ("empty means only the id", "", ("id",)),
        ("a bare name replaces", "status", ("id", "status")),
        ("one bare name: signs don't count", "status,-amount,+metadata", ("id", "status", "amount", "metadata")),
        ("plus adds", "+status", ("id", "amount", "status", *SESSION)),
        ("an unescaped plus arrives as a space", " status", ("id", "amount", "status", *SESSION)),
        ("minus removes", "-amount", ("id", *SESSION)),
        ("minus removes what lies beneath", "-payment_sessions", ("id", "amount")),
        ("minus reaches into a relation", "-payment_sessions.payment", ("id", "amount", *SESSION[:2])),
        ("ids can't be removed", "-id,-payment_sessions.id", ("id", "amount", *SESSION)),
        ("removing what isn't there", "-status,-payment_sessions.data", ("id", "amount", *SESSION)),
        ("plus reaches into a relation", "+payment_sessions.data", ("id", "amount", *SESSION, "payment_sessions.data")),
        ("a nested name brings the relation's id", "payment_sessions.status", ("id", *SESSION[:2])),
        (
            "a star brings the whole relation",
            "*payment_sessions.payment.refunds",
            (
                "id",
                "amount",
                *SESSION,
                "payment_sessions.payment.refunds.id",
                "payment_sessions.payment.refunds.reason_id",
                "payment_sessions.payment.refunds.reason.id",
                "payment_sessions.payment.refunds.reason.label",
            ),
        ),
        ("a relation also shows the column that points to it", "payment_sessions.payment.refunds.reason", (
            "id",
            "payment_sessions.id",
            "payment_sessions.payment.id",
            "payment_sessions.payment.refunds.id",
            "payment_sessions.payment.refunds.reason_id",
            "payment_sessions.payment.refunds.reason.id",
            "payment_sessions.payment.refunds.reason.label",
        )),
        ("minus reaches as deep as there is anything", "-payment_sessions.payment.refunds.reason.label", (
            "id",
            "amount",
            *SESSION,
        )),
        ("a star alone changes nothing", "*", ("id", "amount", *SESSION)),
        ("unknown fields are ignored", "+nothing,+payment_sessions.nothing,+amount.a", ("id", "amount", *SESSION)),
        ("unknown bare names still replace", "nothing,.,a.b.c.d.e.f", ("id",)),
        ("signs apply in order", "-amount,+amount", ("id", "amount", *SESSION)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_grammar(case: str, fields: str | None, expected: tuple[str, ...]) -> None:
    assert SELECTABLE.select(fields) == tree(*expected), case


def test_a_dotted_star_is_a_star() -> None:
    assert SELECTABLE.select("payment_sessions.payment.*") == SELECTABLE.select("*payment_sessions.payment")


def test_a_selection_leaves_the_default_alone() -> None:
    SELECTABLE.select("-amount,-payment_sessions.payment,+payment_sessions.data")

    assert SELECTABLE.select(None) == tree("id", "amount", *SESSION)


def is_within(part: Tree, whole: Tree) -> bool:
    return all(name in whole and is_within(beneath, whole[name]) for name, beneath in part.items())


NAMES = ["id", "status", "payment_sessions", "payment", "refunds", "reason", "label", "nothing", "", "*"]
ENTRIES = st.tuples(st.text("+-* ", max_size=2), st.lists(st.sampled_from(NAMES), max_size=6).map(".".join))


@given(st.lists(ENTRIES.map("".join), max_size=5).map(",".join) | st.text())
def test_every_text_selects_something_that_exists(fields: str) -> None:
    selected = SELECTABLE.select(fields)

    assert "id" in selected
    assert is_within(selected, SELECTABLE.available)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("fields=amount", {"id", "amount"}),
        ("fields=", {"id"}),
        ("fields=amount,%2Bcaptures", {"id", "amount", "captures"}),
        ("fields=amount,captures.amount", {"id", "amount", "captures"}),
        ("fields=amount,payment_session.status", {"id", "amount", "payment_session", "payment_session_id"}),
    ],
)
def test_over_http(staff: ValidatedClient, payment: Any, query: str, keys: set[str]) -> None:
    made = payment()

    one = staff.get(f"/admin/payments/{made['id']}?{query}").json()["payment"]
    (listed,) = staff.get(f"/admin/payments?{query}").json()["payments"]

    assert one == listed
    assert one.keys() == keys


def test_a_relation_changes_alone(staff: ValidatedClient, payment: Any) -> None:
    made = payment(outcome="captured")
    path = f"/admin/payments/{made['id']}"

    widened = staff.get(path, {"fields": "+payment_session.data,+payment_collection.amount"}).json()["payment"]
    collection = staff.get(
        f"/admin/payment-collections/{made['payment_collection_id']}", {"fields": "-payments.captures.amount"}
    ).json()["payment_collection"]

    assert widened["payment_session"].keys() == {"id", "data"}
    assert widened["payment_collection"].keys() == {"id", "amount"}
    assert widened["captures"] == made["captures"]
    assert collection["payments"][0]["captures"][0].keys() == made["captures"][0].keys() - {"amount"}
    assert collection["payment_sessions"][0]["payment"]["captures"] == made["captures"]


@pytest.mark.parametrize("sign", ["+", "%2B", "%20"])
def test_a_plus_sign_needs_no_escape(staff: ValidatedClient, payment: Any, sign: str) -> None:
    made = payment()

    answer = staff.get(f"/admin/payments?fields={sign}payment_session.status,-captures").json()["payments"][0]

    assert answer.keys() == made.keys() - {"captures"}
    assert answer["payment_session"] == {"id": made["payment_session_id"], "status": "authorized"}


def test_a_repeated_parameter_is_refused(staff: ValidatedClient) -> None:
    response = staff.get("/admin/payments?fields=id&fields=amount")

    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")
