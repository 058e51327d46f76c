"""Events: https://docs.stripe.com/api/events ."""

from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import Call
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "event"


def retrieve(call: Call, _params: Document, event: str) -> Document:
    return call.get(KIND, event)


def list_all(call: Call, params: Document) -> Document:
    return listed(call, KIND, params, "type", url="/v1/events")
