"""Our OpenAPI document beside Medusa's own: every difference is a row of the committed table, with its reason.

Medusa's documents are not part of this repository. `MEDUSA_CONTRACT_DIR` names their folder, else it is looked for in
`../shared/contract`; where there is none, only the table itself is checked.
"""

import re
from copy import deepcopy
from typing import Any

import pytest
import yaml

from tests.acceptance.contract.openapi_differences import (
    OURS,
    TABLE,
    Comparison,
    Difference,
    Row,
    contract_folder,
    found_in,
    problems,
    rows,
)
from tests.acceptance.contract.openapi_shapes import Document

pytestmark = pytest.mark.any_engine

COMPLETE = {"where", "what", "peer", "here", "reason"}

SMALL: dict[str, Any] = {
    "paths": {
        "/things/{id}": {
            "post": {
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "default": 20}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"$ref": "#/components/responses/NotFound"},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "New": {"type": "object", "required": ["label"], "properties": {"label": {"type": "string"}}},
            "Dated": {"properties": {"made_at": {"type": "string", "format": "date-time", "nullable": True}}},
            "Thing": {
                "allOf": [
                    {"$ref": "#/components/schemas/Dated"},
                    {"properties": {"status": {"type": "string", "enum": ["on", "off"]}}},
                ]
            },
        },
        "responses": {"NotFound": {"content": {"application/json": {"schema": {"type": "object"}}}}},
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the small document with another value at a path; `None` takes out what is there."""
    document = deepcopy(SMALL)
    *way, last = path.split(">")
    place = document
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


def differences(here: dict[str, Any]) -> list[Difference]:
    return sorted(Comparison(Document(SMALL), Document(here)).differences())


@pytest.mark.peer_documents
def test_every_difference_is_declared() -> None:
    folder = contract_folder()
    assert folder is not None

    found = problems(found_in(folder), rows())

    how = f"python -m tests.acceptance.contract.openapi_differences {folder}"
    assert found == [], f"fix what differs, or give it a row with a reason in {TABLE.name}: {how}"


def test_every_row_is_complete() -> None:
    for row in yaml.safe_load(TABLE.read_text()):
        assert row.keys() - {"count"} == COMPLETE, row
        assert re.fullmatch(r"[A-Z].*[a-z0-9]\.", row["reason"]), row
        assert row["peer"] != row["here"], row
        assert row.get("count", 1) > 0, row


def test_no_place_is_explained_twice() -> None:
    explained = [(place, row.what, row.peer, row.here) for row in rows() for place in row.where]

    assert len(explained) == len(set(explained))


def test_every_operation_that_is_named_exists() -> None:
    operations = Document(yaml.safe_load(OURS.read_text())).operations()
    named = [" ".join(place.split()[:2]) for row in rows() for place in row.where]

    exact = {name for name in named if re.fullmatch(r"[A-Z]+ /[^*]*", name)}
    assert exact
    assert exact - operations.keys() == set()


def test_other_words_for_the_same_are_no_difference() -> None:
    nullable = {"type": ["string", "null"], "format": "date-time"}
    inline = {"type": "object", "properties": {"label": {"oneOf": [{"type": "string"}]}}, "required": ["label"]}

    assert differences(changed("components>schemas>Dated>properties>made_at", nullable)) == []
    assert differences(changed("paths>/things/{id}>post>parameters>0>name", "thing_id")) == []
    other = {"$ref": "#/components/schemas/Other"}
    renamed = changed("paths>/things/{id}>post>requestBody>content>application/json>schema", other)
    renamed["components"]["schemas"]["Other"] = inline
    assert differences(renamed) == []


@pytest.mark.parametrize(
    ("path", "value", "what", "where"),
    [
        ("paths>/things/{id}>post", None, "presence", "POST /things/{}"),
        ("paths>/things/{id}>post>parameters>1>name", "size", "presence", "POST /things/{} query size"),
        ("paths>/things/{id}>post>parameters>1>schema>default", 10, "default", "POST /things/{} query limit"),
        ("paths>/things/{id}>post>parameters>1>required", True, "required", "POST /things/{} query limit"),
        ("paths>/things/{id}>post>requestBody>required", True, "required", "POST /things/{} body"),
        ("paths>/things/{id}>post>responses>404", None, "presence", "POST /things/{} 404"),
        ("paths>/things/{id}>post>responses>409", {}, "presence", "POST /things/{} 409"),
        ("components>schemas>New>required", [], "required", "New as New.label"),
        ("components>schemas>New>additionalProperties", False, "closed", "New as New"),
        ("components>schemas>New>properties>code", {}, "presence", "New as New.code"),
        ("components>schemas>New>properties>label>type", "number", "type", "New as New.label"),
        ("components>schemas>New>properties>label>maxLength", 9, "maxLength", "New as New.label"),
        ("components>schemas>Dated>properties>made_at>nullable", None, "type", "Thing as Thing.made_at"),
        ("components>schemas>Thing>allOf>1>properties>status>enum", ["on"], "values", "Thing as Thing.status"),
    ],
)
def test_a_difference_is_found(path: str, value: Any, what: str, where: str) -> None:
    assert (where, what) in {(found.where, found.what) for found in differences(changed(path, value))}


def test_the_table_is_held_against_what_is_found() -> None:
    one, other = (Difference(f"GET /{name}", "type", "number", "integer") for name in ("a", "b"))
    row = Row(where=("GET /*",), what="type", peer="number", here="integer", count=1, reason="Whole.")

    assert problems({one}, [row]) == []
    assert problems({one, other}, [row]) == ["stale: ('GET /*',) (type) explains 2, not 1"]
    assert problems(set(), [row]) == ["stale: ('GET /*',) (type) explains 0, not 1"]
    assert problems({Difference("GET /a", "type", "number", "string"), one}, [row]) == [
        "undeclared: Difference(where='GET /a', what='type', peer='number', here='string')"
    ]
