"""Events: https://docs.stripe.com/api/events ."""

from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import Call
from medusa_payments.testing.stripe_twin.errors import malformed
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "event"

_MOST_TYPES = 20


def retrieve(call: Call, _params: Document, event: str) -> Document:
    return call.get(KIND, event)


def list_all(call: Call, params: Document) -> Document:
    """List events: of one `type`, in which `*` stands for anything, or of several `types`, which are names only."""
    types = params.get("types", [])
    if types and "type" in params:
        raise malformed("You may pass either type or types, but not both.", param="types")
    if len(types) > _MOST_TYPES or any("*" in name for name in types):
        raise malformed(f"types are up to {_MOST_TYPES} names of events, without wildcards.", param="types")
    patterns = (params["type"],) if "type" in params else tuple(types)
    return listed(call, KIND, params, types=patterns, url="/v1/events")
