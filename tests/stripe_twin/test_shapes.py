"""What the twin answers has the fields that the library knows, and all that it takes for granted."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import stripe

from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.contract.intents import held, paid

pytestmark = pytest.mark.any_engine

CLASSES: dict[str, Any] = {
    "charge": stripe.Charge,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
}


def everything(client: Client, twin: StripeTwin) -> None:
    """Have one of each kind of object made, and many kinds of event."""
    customer = client.v1.customers.create({"email": "jenny@example.com"})
    client.v1.customers.update(customer.id, {"name": "Jenny"})
    paid(client, "pm_card_createDispute", customer=customer.id, setup_future_usage="off_session")
    refund = client.v1.refunds.create({"payment_intent": paid(client).id, "amount": 500})
    twin.dashboard.settle_refund(refund.id, is_successful=False)
    twin.dashboard.expire(held(client).id)
    setup = client.v1.setup_intents.create({"customer": customer.id, "payment_method": "pm_card_visa"})
    client.v1.setup_intents.confirm(setup.id, {"return_url": "https://shop.example"})
    client.v1.customers.delete(client.v1.customers.create().id)


def objects(twin: StripeTwin, kind: str) -> list[dict[str, Any]]:
    with twin.books() as books:
        found = books.all_of_kind(kind)
    return [{name: value for name, value in document.items() if name != "_twin"} for document in found]


@pytest.mark.parametrize("kind", CLASSES)
def test_objects_have_the_librarys_fields(client: Client, twin: StripeTwin, kind: str) -> None:
    everything(client, twin)
    hints = {name: str(hint) for name, hint in inspect.get_annotations(CLASSES[kind]).items()}
    # Those that may be absent or null print in either way.
    optional = ("Optional", "NoneType", "ClassVar")
    expected = {name for name, hint in hints.items() if not any(word in hint for word in optional)}
    made = [document for document in objects(twin, kind) if not document.get("deleted")]

    assert made
    for document in made:
        assert document.keys() - hints.keys() == set()
        assert expected - document.keys() == set()


def test_events_have_types_that_exist(client: Client, twin: StripeTwin) -> None:
    everything(client, twin)
    known = Path(inspect.getfile(stripe.Event)).read_text()

    types = {event["type"] for event in twin.events()}

    assert len(types) > 15
    assert {name for name in types if f'"{name}"' not in known} == set()


def test_what_the_twin_remembers_for_itself_is_never_told(client: Client, twin: StripeTwin) -> None:
    intent = held(client)
    expand: Any = {"expand": ["latest_charge.refunds", "payment_method"]}

    answer = client.v1.payment_intents.retrieve(intent.id, expand).to_dict()
    bodies = b"".join(body for body, _ in twin.webhooks())

    assert "_twin" in twin.dashboard.get(intent.id)
    assert "_twin" not in str(answer)
    assert b"_twin" not in bodies
