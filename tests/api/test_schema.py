"""The published schema: complete, free of warnings, and in step with what the code sends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from jsonschema import ValidationError
from rest_framework.serializers import BaseSerializer, ListSerializer

from medusa_payments.api.documents.representations import (
    ADMIN_PAYMENT,
    ADMIN_PAYMENT_COLLECTION,
    PAYMENT_PROVIDER,
    REFUND_REASON,
    STORE_PAYMENT_COLLECTION,
)
from medusa_payments.api.documents.selection import Tree
from medusa_payments.api.documents.serializers import (
    AdminPaymentSerializer,
    PaymentCollectionSerializer,
    PaymentProviderSerializer,
    RefundReasonSerializer,
)
from tests.api.openapi import OpenAPI

PAYMENT_PATHS = {
    "/admin/payment-collections": {"post"},
    "/admin/payment-collections/{id}": {"delete", "get"},
    "/admin/payment-collections/{id}/mark-as-paid": {"post"},
    "/admin/payment-collections/{id}/payment-sessions": {"post"},
    "/admin/payments": {"get"},
    "/admin/payments/payment-providers": {"get"},
    "/admin/payments/{id}": {"get"},
    "/admin/payments/{id}/cancel": {"post"},
    "/admin/payments/{id}/capture": {"post"},
    "/admin/payments/{id}/refund": {"post"},
    "/admin/refund-reasons": {"get", "post"},
    "/admin/refund-reasons/{id}": {"delete", "get", "post"},
    "/store/payment-collections": {"post"},
    "/store/payment-collections/{id}": {"get"},
    "/store/payment-collections/{id}/payment-sessions": {"post"},
    "/store/payment-collections/{id}/payment-sessions/{session_id}/authorize": {"post"},
    "/store/payment-collections/{id}/sessions/{session_id}/authorize": {"post"},
    "/store/payment-providers": {"get"},
    "/admin/payment-collections/{id}/refund": {"post"},
    "/store/payment-collections/{id}/payment-sessions/batch": {"post"},
    "/store/payment-collections/{id}/sessions": {"post"},
    "/store/payment-collections/{id}/sessions/batch": {"post"},
    "/store/payment-collections/{id}/sessions/batch/authorize": {"post"},
    "/store/payment-collections/{id}/sessions/{session_id}": {"post"},
    "/v1/admin/payment-collections/{id}": {"delete", "get", "post"},
    "/v1/admin/payment-collections/{id}/authorize": {"post"},
    "/v1/admin/payments/{id}": {"get"},
    "/v1/admin/payments/{id}/capture": {"post"},
    "/v1/admin/payments/{id}/refund": {"post"},
    "/v1/store/payment-collections/{id}": {"get"},
    "/v1/store/payment-collections/{id}/sessions": {"post"},
    "/v1/store/payment-collections/{id}/sessions/batch": {"post"},
    "/v1/store/payment-collections/{id}/sessions/batch/authorize": {"post"},
    "/v1/store/payment-collections/{id}/sessions/{session_id}": {"post"},
    "/v1/store/payment-collections/{id}/sessions/{session_id}/authorize": {"post"},
}


def operations(openapi: OpenAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in openapi.document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


@pytest.mark.any_engine
def test_it_has_no_warnings_and_is_committed(tmp_path: Path) -> None:
    generated = tmp_path / "openapi.yaml"

    call_command("spectacular", file=str(generated), validate=True, fail_on_warn=True)

    committed = settings.BASE_DIR / "docs" / "openapi.yaml"
    assert yaml.safe_load(generated.read_text()) == yaml.safe_load(committed.read_text()), "run `make schema`"


def test_paths(openapi: OpenAPI) -> None:
    documented = {path: set(methods) for path, methods in openapi.document["paths"].items()}

    assert {path: documented.get(path) for path in PAYMENT_PATHS} == PAYMENT_PATHS
    assert [path for path in documented if path.endswith("/")] == []


def test_every_tag_is_described_and_used(openapi: OpenAPI) -> None:
    described = {tag["name"] for tag in openapi.document["tags"] if tag["description"]}

    assert described == {tag for _, operation in operations(openapi) for tag in operation["tags"]}


def test_every_operation_is_described(openapi: OpenAPI) -> None:
    for name, operation in operations(openapi):
        missing = {"operationId", "summary", "description", "tags", "security"} - operation.keys()
        assert not missing, name
        assert {"200", "400", "500"} <= operation["responses"].keys(), name
        (content,) = operation["responses"]["200"]["content"].values()
        assert "examples" in content, name


def test_every_payment_operation_lists_its_errors(openapi: OpenAPI) -> None:
    reads = {"400", "401", "404", "429", "500", "503"}
    writes = reads | {"409", "413", "415", "422"}
    for path, methods in PAYMENT_PATHS.items():
        for method in methods:
            errors = openapi.document["paths"][path][method]["responses"].keys() - {"200", "403"}
            assert errors == (reads if method == "get" else writes), path
            # A storefront's request about a session may be about that of another customer.
            is_about_sessions = method == "post" and "sessions" in path
            may_be_forbidden = "403" in openapi.document["paths"][path][method]["responses"]
            assert may_be_forbidden == ("/admin/" in path or is_about_sessions), path


def test_examples_are_as_the_schema_says(openapi: OpenAPI) -> None:
    checked = 0
    for _, operation in operations(openapi):
        bodies = [operation.get("requestBody", {}), *map(openapi.resolve, operation["responses"].values())]
        for body in bodies:
            content = body.get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                openapi.validate(content["schema"], example["value"])
                checked += 1
    assert checked > len(list(operations(openapi)))


def test_a_wrong_answer_is_found(openapi: OpenAPI) -> None:
    """The judge of all other tests: a missing envelope, a wrong type, an undeclared key."""
    operation = openapi.operation("store/payment-collections", "POST")
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]

    for wrong in (
        {},
        {"payment_collection": {"id": "x", "amount": "1"}},
        {"payment_collection": {"id": "x", "oops": 1}},
    ):
        with pytest.raises(ValidationError):
            openapi.validate(schema, wrong)


@pytest.mark.parametrize(
    ("tree", "serializer"),
    [
        (STORE_PAYMENT_COLLECTION.available, PaymentCollectionSerializer()),
        (ADMIN_PAYMENT.select("*disputes"), AdminPaymentSerializer()),
        (ADMIN_PAYMENT_COLLECTION.available, PaymentCollectionSerializer()),
        (REFUND_REASON.default, RefundReasonSerializer()),
        (PAYMENT_PROVIDER.default, PaymentProviderSerializer()),
    ],
    ids=["store", "admin", "admin collection", "refund reason", "provider"],
)
def test_documents_and_serializers_agree(tree: Tree, serializer: BaseSerializer[Any]) -> None:
    assert differences(tree, serializer) == []


def differences(tree: Tree, serializer: Any, path: str = "") -> list[str]:
    fields = serializer.child.fields if isinstance(serializer, ListSerializer) else serializer.fields
    found = [f"{path}{name}" for name in tree.keys() ^ fields.keys()]
    relations = [name for name in tree if tree[name] and name in fields]
    return found + [each for name in relations for each in differences(tree[name], fields[name], f"{path}{name}.")]
