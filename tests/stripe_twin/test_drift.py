"""What Stripe changes is found here: when the library is upgraded these fail, and say what is new."""

import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import stripe
import yaml

from medusa_payments.providers.stripe import errors, translate
from medusa_payments.providers.stripe.client import API_VERSION
from medusa_payments.testing.stripe_twin.method_types import METHOD_TYPES
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.test_shapes import everything, objects

pytestmark = pytest.mark.any_engine

WRITTEN = yaml.safe_load((Path(__file__).parent / "fields.yaml").read_text())

CLASSES: dict[str, Any] = {
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "charge.outcome": stripe.Charge.Outcome,
    "refund": stripe.Refund,
    "customer": stripe.Customer,
    "payment_method": stripe.PaymentMethod,
    "payment_method.card": stripe.PaymentMethod.Card,
    "setup_intent": stripe.SetupIntent,
    "dispute": stripe.Dispute,
    "dispute.evidence_details": stripe.Dispute.EvidenceDetails,
}

NOT_COMPARED = {"OBJECT_NAME", "deleted"}
"""A constant of the library's; what a customer only has once it is deleted."""


def library_values(path: str) -> set[str]:
    name, field = path.rsplit(".", 1)
    return set(re.findall(r"'(\w+)'", str(inspect.get_annotations(CLASSES[name])[field])))


def test_the_definitions_are_of_the_version_that_is_asked_for() -> None:
    assert WRITTEN["api_version"] == API_VERSION


@pytest.mark.parametrize("name", CLASSES)
def test_the_library_knows_the_same_fields(name: str) -> None:
    written = {field for fields in WRITTEN["objects"][name].values() for field in fields}

    known = set(inspect.get_annotations(CLASSES[name]))

    differences = {"new": known - written - NOT_COMPARED, "gone": written - known - NOT_COMPARED}
    assert differences == {"new": set(), "gone": set()}


@pytest.mark.parametrize("path", WRITTEN["values"])
def test_the_library_knows_the_same_values(path: str) -> None:
    written = set(WRITTEN["values"][path])

    assert {"new": library_values(path) - written, "gone": written - library_values(path)} == {
        "new": set(),
        "gone": set(),
    }


@pytest.mark.parametrize(
    ("path", "mapped"),
    [
        ("dispute.status", translate._DISPUTE_STATES),
        ("payment_intent.status", translate._STATUSES),
        ("charge.outcome.advice_code", errors.ADVICE),
    ],
)
def test_every_value_is_mapped(path: str, mapped: Any) -> None:
    assert set(WRITTEN["values"][path]) == set(mapped)


def test_the_papers_and_kinds_of_payment_exist() -> None:
    assert set(inspect.get_annotations(stripe.PaymentIntent.NextAction)) >= translate._PAPERS
    assert set(re.findall(r"'(\w+)'", str(inspect.get_annotations(stripe.PaymentMethod)["type"]))) >= set(METHOD_TYPES)


@cache
def sometimes_null(name: str) -> frozenset[str]:
    fields = WRITTEN["objects"][name]
    return frozenset(fields.get("or_null", [])) | frozenset(fields.get("or_either", []))


def wrong(name: str, document: dict[str, Any]) -> list[str]:
    """Return how an object differs from its definition."""
    fields = WRITTEN["objects"][name]
    known = {field for names in fields.values() for field in names}
    required = [*fields.get("always", []), *fields.get("or_null", [])]
    return [
        *(f"{name} lacks {field}" for field in required if field not in document),
        *(f"{name} has {field}" for field in document if field not in known),
        *(
            f"{name} has no {field}"
            for field, value in document.items()
            if value is None and field in known and field not in sometimes_null(name)
        ),
    ]


def test_the_twins_answers_fit_the_definitions(client: Client, twin: StripeTwin) -> None:
    everything(client, twin)

    found = set()
    for name in CLASSES:
        kind, _, part = name.partition(".")
        documents = [document for document in objects(twin, kind) if not document.get("deleted")]
        parts = [document[part] for document in documents if document.get(part)] if part else documents
        assert parts, name
        found |= {problem for document in parts for problem in wrong(name, document)}

    assert found == set()
