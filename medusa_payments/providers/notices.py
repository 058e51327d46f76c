"""What comes in by itself: a provider's webhook, verified and read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from medusa_payments.providers.errors import ProviderError
from medusa_payments.providers.facts import PaymentSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """The bytes exactly as they came, the headers by lower-case name, and the query of the URL (of a name that comes
    twice, the last value). `received_at` is the clock to verify with.
    """

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotice:
    """A verified event, unique by `event_id` in the provider's account. It is a hint to look, never an order. An
    unsigned hint has no id: `event_id` is "".

    `provider_ref` is the payment object it is about, `session_id` what our metadata on that object says; both None for
    an event about anything else. `is_foreign`: it belongs to another environment or account (test and live mode mixed
    up), so nothing but its id and type may be kept. `snapshot` is for providers that can't be asked: the object as the
    event describes it. `kept_body` is what of the body is kept, where it tells more about a person than a shop needs.
    """

    event_id: str
    event_type: str
    occurred_at: datetime | None = None
    provider_ref: str | None = None
    session_id: str | None = None
    is_foreign: bool = False
    snapshot: PaymentSnapshot | None = None
    kept_body: bytes | None = None


class WebhookRefused(ProviderError):
    """The bytes weren't signed by the provider, are too old, or can't be read. Nothing is stored of them."""
