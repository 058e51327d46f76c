"""Lists as the JS SDK asks for them: operators, groups, order and pages, and everything that is refused."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medusa_payments.api.lists.operators import OPERATORS
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from tests.api.openapi import ValidatedClient

TIMES = {
    "A": "2026-01-01T10:00:00.000999+00:00",
    "B": "2026-01-01T10:00:00.001000+00:00",
    "C": "2026-01-02T00:00:00+00:00",
    "a": "2026-02-01T12:30:00+00:00",
}
"""Four payments, `pay_A` to `pay_a`, and when they were created; the first two less than a millisecond apart."""


@pytest.fixture
def payments(db: None) -> None:
    for name, moment in reversed(TIMES.items()):
        collection = PaymentCollection.objects.create(currency_code="eur", amount=100)
        shared: Any = {
            "payment_collection": collection,
            "provider_id": "pp_fake_fake",
            "amount": len(moment),
            "currency_code": "eur",
            "created_at": datetime.fromisoformat(moment),
        }
        session = PaymentSession.objects.create(id=f"payses_{name}", slot=0, **shared)
        Payment.objects.create(id=f"pay_{name}", payment_session=session, **shared)


def names(client: ValidatedClient, query: str) -> str:
    response = client.get(f"/admin/payments?{query}")
    assert response.status_code == 200, response.content
    document = response.json()
    assert document["count"] >= len(document["payments"])
    return " ".join(payment["id"].removeprefix("pay_") for payment in document["payments"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "A B C a"),
        ("id=pay_A", "A"),
        ("id=pay_", ""),
        ("id[0]=pay_a&id[1]=pay_A", "A a"),
        ("id[$eq]=pay_A", "A"),
        ("id[$eq][0]=pay_A&id[$eq][1]=pay_B", "A B"),
        ("id[$ne]=pay_A", "B C a"),
        ("id[$in][0]=pay_A&id[$in][1]=pay_C", "A C"),
        ("id[$in]=pay_A", "A"),
        ("id[$nin][0]=pay_A&id[$nin][1]=pay_C", "B a"),
        ("id[$gt]=pay_B", "C a"),
        ("id[$gte]=pay_B", "B C a"),
        ("id[$lt]=pay_B", "A"),
        ("id[$lte]=pay_B", "A B"),
        ("id[$gt]=pay_A&id[$lt]=pay_a", "B C"),
        ("id[$like]=pay_A", "A"),
        ("id[$like]=%25A", "A"),
        ("id[$like]=pay%5C_A", "A"),
        ("id[$like]=pay_", ""),
        ("id[$ilike]=PAY__", "A B C a"),
        ("id[$ilike]=%25A", "A a"),
        ("id[$contains]=y_A", "A"),
        ("id[$contains]=_", "A B C a"),
        ("id[$contains]=%25", ""),
        ("id[$re]=^pay_[AB]$", "A B"),
        ("id[$re]=(A|a)$", "A a"),
        ("id[$re]=ay_B", "B"),
        ("payment_session_id=payses_C", "C"),
        ("payment_session_id[$in][0]=payses_C&id=pay_A", ""),
        ("created_at=2026-01-02", "C"),
        ("created_at=2026-01-02T00:00:00.000Z", "C"),
        ("created_at[$gt]=2026-01-01T10:00:00.001Z", "C a"),
        ("created_at[$gte]=2026-01-01T10:00:00.001Z", "B C a"),
        ("created_at[$lt]=2026-01-01T10:00:00.001Z", "A"),
        ("created_at[$lte]=2026-01-01T10:00:00.001Z", "A B"),
        ("created_at[$gt]=2026-01-01T10:00:00.000Z", "B C a"),
        ("created_at[$lte]=2026-01-01T10:00:00.000Z", "A"),
        ("created_at=2026-01-01T10:00:00.000Z", "A"),
        ("created_at[$ne]=2026-01-01T10:00:00.000Z", "B C a"),
        ("created_at[$in][0]=2026-01-01T10:00Z&created_at[$in][1]=2026-02-01T12:30:00Z", "A a"),
        ("created_at[$nin][0]=2026-01-01T10:00Z&created_at[$nin][1]=2026-02-01T12:30:00Z", "B C"),
        ("created_at[$gte]=2026-01-01T12:00:00%2B02:00&created_at[$lt]=2026-01-01T23:00:00-01:00", "A B"),
        ("created_at=2026-02-01T14:30:00 02:00", "a"),
        ("created_at=2026-02-01T12:30:00", "a"),
        ("created_at=20260102T000000Z", "C"),
        ("created_at[gt]=2026-01-02", "A B C a"),
        ("created_at[gt]=2026-01-02&created_at[$lt]=2026-01-02", "A B"),
        ("updated_at[$lt]=2026-01-01", ""),
        ("deleted_at[$gt]=2000-01-01", ""),
        ("deleted_at[$ne]=2000-01-01", ""),
        ("$and[0][id]=pay_A&$and[1][created_at][$lt]=2026-01-02", "A"),
        ("$and[0][id]=pay_A&$and[1][id]=pay_B", ""),
        ("$or[0][id]=pay_A&$or[1][created_at][$gt]=2026-01-02", "A a"),
        ("$or[0][id]=pay_A&$or[1][id]=pay_B&created_at[$gt]=2026-01-01T10:00:00.000Z", "B"),
        ("$or[0][id]=pay_A&$or[0][payment_session_id]=payses_B&$or[1][id]=pay_C", "C"),
        ("$or[0][$and][0][id][$in][0]=pay_A&$or[0][$and][1][$or][0][id]=pay_A&$or[1][id]=pay_C", "A C"),
        ("$or[0][created_at][gt]=2026-01-02&$or[1][id]=pay_A", "A B C a"),
        ("%24or%5B0%5D%5Bid%5D%5B%24in%5D%5B0%5D=pay_A&%24or%5B1%5D%5Bid%5D=pay_C", "A C"),
        ("q=", "A B C a"),
        ("q=%25&id=pay_A", "A"),
        ("with_deleted=true", "A B C a"),
        ("with_deleted=false&id[$ne]=pay_A", "B C a"),
        ("order=-created_at", "a C B A"),
        ("order=created_at&limit=2&offset=1", "B C"),
        ("order=-created_at&limit=2&offset=1", "C B"),
        ("order=amount", "C a A B"),
        ("order=-amount&limit=3", "A B C"),
        ("order=payment_session_id", "A B C a"),
        ("order=-payment_session_id", "a C B A"),
        ("id[$gt]=pay_A&limit=1&offset=1", "C"),
        ("offset=4", ""),
    ],
)
def test_filters(staff: ValidatedClient, payments: None, query: str, found: str) -> None:
    assert names(staff, query) == found


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("prefix", ["", "$or[0]"])
def test_every_operator_works_on_the_id_of_a_relation(
    staff: ValidatedClient, payments: None, operator: str, prefix: str
) -> None:
    found = {"$ne": "A C a", "$nin": "A C a", "$gt": "C a", "$gte": "B C a", "$lt": "A", "$lte": "A B"}
    key = f"{prefix}[payment_session_id]" if prefix else "payment_session_id"

    assert names(staff, f"{key}[{operator}]=payses_B") == found.get(operator, "B")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("limit=0", 4),
        ("limit=2", 4),
        ("limit=4", 4),
        ("limit=5", 4),
        ("limit=2&offset=2", 4),
        ("limit=2&offset=3", 4),
        ("offset=4", 4),
        ("offset=2147483647", 4),
        ("limit=1&id[$ne]=pay_A", 3),
        ("offset=9&id[$ne]=pay_A", 3),
        ("limit=0&id[$re]=[ABC]", 3),
        ("id=pay_", 0),
        ("deleted_at=2026-01-01&limit=0", 0),
    ],
)
def test_the_count_is_that_of_all_pages(staff: ValidatedClient, payments: None, query: str, count: int) -> None:
    assert staff.get(f"/admin/payments?{query}").json()["count"] == count


@pytest.mark.parametrize("order", ["captured_at", "-captured_at"])
def test_null_is_the_latest_time_on_every_engine(staff: ValidatedClient, payments: None, order: str) -> None:
    Payment.objects.filter(pk="pay_B").update(captured_at=datetime.fromisoformat(TIMES["C"]))

    found = names(staff, f"order={order}").split()

    assert found.index("B") == (0 if order == "captured_at" else 3)


def test_the_time_that_a_response_shows_finds_its_row(staff: ValidatedClient, payments: None) -> None:
    shown = staff.get("/admin/payments/pay_A").json()["payment"]["created_at"]

    assert names(staff, f"created_at={shown}") == "A"
    assert names(staff, f"created_at[$gt]={shown}") == "B C a"


def expected(kind: str, field: str, got: str) -> str:
    return f"Expected type: '{kind}' for field '{field}', got: '{got}'"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("provider_id=pp_fake_fake", "Unrecognized fields: 'provider_id'"),
        ("created_at=yesterday", expected("date", "created_at", "yesterday")),
        ("created_at=", expected("date", "created_at", "string")),
        ("created_at[$gt]=2026-13-01", expected("date", "created_at, $gt", "2026-13-01")),
        ("created_at[$in][0]=2026-01-01&created_at[$in][1]=x", expected("date", "created_at, $in, 1", "x")),
        ("created_at[$gt][0]=2026-01-01", expected("date", "created_at, $gt", "array")),
        ("created_at[$gt][x]=2026-01-01", expected("date", "created_at, $gt", "record")),
        ("created_at=0001-01-01T00:00%2B01:00", expected("date", "created_at", "string")),
        ("created_at=9999-12-31T23:59:59.999Z", expected("date", "created_at", "string")),
        ("created_at[$like]=2026%25", "Unrecognized fields: 'created_at, $like'"),
        ("deleted_at[$gt]=x", expected("date", "deleted_at, $gt", "x")),
        ("id[gt]=pay_A", "Unrecognized fields: 'id, gt'"),
        ("id[to]=pay_B&id[from]=pay_A", "Unrecognized fields: 'id, to, id, from'"),
        ("zone=x&area=y", "Unrecognized fields: 'zone, area'"),
        ("$or[0][zone]=x&$or[0][area]=y", "Unrecognized fields: '$or, 0, zone, $or, 0, area'"),
        ("id[$not]=pay_A&id[$eq]=pay_A", "Unrecognized fields: 'id, $not'"),
        ("id[$eq][$gt]=pay_A", expected("string", "id, $eq", "record")),
        ("id[$gt][]=pay_A", expected("string", "id, $gt", "array")),
        ("id[0][$gt]=pay_A", expected("string", "id, 0", "record")),
        ("id=" + "x" * 256, "Value for field 'id' too big, expected at most: '255'"),
        ("q=" + "x" * 256, "Value for field 'q' too big, expected at most: '255'"),
        ("q[0]=x", expected("string", "q", "array")),
        ("$or=x", expected("array", "$or", "x")),
        ("$or[id]=pay_A", expected("array", "$or", "record")),
        ("$or[0]=pay_A", expected("record", "$or, 0", "pay_A")),
        ("$or[0][provider_id]=x", "Unrecognized fields: '$or, 0, provider_id'"),
        ("$or[0][q]=x", "Unrecognized fields: '$or, 0, q'"),
        ("$or[0][id][]=a&$and[0][created_at]=x", expected("date", "$and, 0, created_at", "x")),
        ("$or[0][$and][0][$or][0][$and][0][id][$eq]=x", "a parameter is nested too deeply"),
        ("with_deleted=yes", "Invalid input"),
        ("with_deleted=", "Invalid input"),
        ("id[]=" + "x," * 1000, "More than 1000 values in one query are not allowed"),
        ("created_at[]=" + ",".join(["2026-01-01"] * 101), "More than 100 times in one query are not allowed"),
        (
            "&".join(f"$or[{index}][id]=x" for index in range(51)),
            "More than 50 conditions in one query are not allowed",
        ),
    ],
)
def test_wrong_filters(staff: ValidatedClient, db: None, query: str, message: str) -> None:
    response = staff.get(f"/admin/payments?{query}")

    assert (response.status_code, response.json()) == (
        400,
        {"type": "invalid_data", "message": f"Invalid request: {message}"},
    )


@pytest.mark.parametrize(
    "order", ["", "-", "secret", "--id", "payment_collection", "payment_session__status", "id,-id"]
)
def test_wrong_orders(staff: ValidatedClient, db: None, order: str) -> None:
    response = staff.get("/admin/payments", {"order": order})

    assert (response.status_code, response.json()["message"]) == (400, f"Order field {order} is not valid")


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"id[$in][{index}]=x" for index in range(990)),
        "created_at[$nin][]=" + ",".join(f"2026-01-01T00:00:{index // 2:02}.{index % 2}Z" for index in range(100)),
        "&".join(f"$or[{index}][created_at][$in][]=2026-01-01,2026-01-02" for index in range(50)),
        "&".join(f"$and[{index}][$or][0][id][$ne]=x" for index in range(50)),
        "id[$like]=" + "%25_" * 120,
        "id[$ilike]=" + "%25a" * 120,
        "id[$contains]=" + "%25" * 255,
    ],
)
def test_what_is_within_the_bounds_is_answered(staff: ValidatedClient, payments: None, query: str) -> None:
    assert staff.get(f"/admin/payments?{query}").status_code == 200


def test_too_many_parameters(staff: ValidatedClient, db: None) -> None:
    response = staff.get("/admin/payments?" + "&".join(f"id[{index}]=x" for index in range(1001)))

    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")


def test_a_page_reads_no_row_before_it(staff: ValidatedClient, payments: None) -> None:
    with connection.execute_wrapper(_refuse_wide_offsets):
        assert names(staff, "offset=2&fields=*payment_collection") == "C a"


def _refuse_wide_offsets(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
    skipping = sql.split(" OFFSET ")[0].rsplit("SELECT ", 1)[-1] if " OFFSET " in sql else ""
    assert "JOIN" not in skipping
    assert "provider_data" not in skipping
    return execute(sql, parameters, many, context)


KEYS = [
    "id",
    "created_at",
    "deleted_at",
    "payment_session_id",
    "q",
    "order",
    "limit",
    "offset",
    "fields",
    "$and",
    "$or",
]
FILTERS = ["id", "payment_session_id", "created_at", "updated_at", "deleted_at"]
NAMES = list(OPERATORS)
SEGMENTS = ["0", "1", "", "x", "$not", *OPERATORS, *KEYS]
VALUES = [
    *("pay_A", "2026-01-01", "2026-01-01T00:00:00+14:00", "0001-01-01", "9999-12-31", "-1", "id", "-created_at", "\\"),
    *("(", "[", "a{2,1}", "(a|a)*", "%", "_\\", "*captures", "+payment_collection.status", "true", "null", "1e999"),
]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@st.composite
def parameters(draw: st.DrawFn) -> tuple[str, str]:
    path = draw(st.lists(st.sampled_from(SEGMENTS), max_size=6))
    key = draw(st.sampled_from(KEYS) | TEXTS) + "".join(f"[{segment}]" for segment in path)
    return key, draw(st.sampled_from(VALUES) | TEXTS)


@st.composite
def well_formed(draw: st.DrawFn) -> tuple[str, str]:
    index, field, operator = draw(st.integers(0, 2)), draw(st.sampled_from(FILTERS)), draw(st.sampled_from(NAMES))
    group = draw(st.sampled_from(["", f"$or[{index}]", f"$and[{index}]", f"$or[0][$and][{index}]"]))
    key = f"{group}[{field}]" if group else field
    value = draw(st.sampled_from(["2026-01-01", "2026-02-01T12:30Z"]) if field.endswith("_at") else TEXTS)
    return f"{key}[{operator}]", value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.lists(parameters() | well_formed(), max_size=5))
@pytest.mark.proof
def test_no_query_is_an_error_of_ours(staff: ValidatedClient, payments: None, query: list[tuple[str, str]]) -> None:
    response = staff.get(f"/admin/payments?{urlencode(query)}")

    assert response.status_code in {200, 400}
