from typing import Any

import pytest
import stripe

from tests.stripe_twin.contract.intents import held

pytestmark = pytest.mark.any_engine


def test_events_are_listed_by_name_and_by_group(api: stripe.StripeClient) -> None:
    intent = held(api)
    api.v1.payment_intents.capture(intent.id)
    since = {"gte": intent.created}

    def told(**params: Any) -> set[str]:
        events = api.v1.events.list({"created": since, "limit": 100, **params}).auto_paging_iter()
        return {event.type for event in events if intent.id in str(event.data.object)}

    assert told(type="payment_intent.succeeded") == {"payment_intent.succeeded"}
    assert {"payment_intent.created", "payment_intent.succeeded"} <= told(type="payment_intent.*")
    assert not any(name.startswith("charge.") for name in told(type="payment_intent.*"))
    assert told(types=["charge.captured", "payment_intent.succeeded"]) == {
        "charge.captured",
        "payment_intent.succeeded",
    }


def test_a_type_and_types_exclude_each_other(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.events.list({"type": "charge.captured", "types": ["charge.succeeded"]})
