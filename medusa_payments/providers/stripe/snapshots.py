"""Reading payments back from Stripe: by reference, by our metadata, and all that changed. Nothing is changed here."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from medusa_payments.ids import made_at
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.stripe import translate
from medusa_payments.providers.stripe.client import StripeConnection
from medusa_payments.providers.stripe.intents import EXPANDED

MISSING = "resource_missing"

_PAGE = 100

_CLOCKS_DIFFER = timedelta(hours=1)
"""How far our clock, which made a session's id, may be ahead of Stripe's, which dates its objects."""

_SOON = timedelta(hours=1)
"""A payment intent is nearly always made within this time after its session."""

_EVENTS_REACH_BACK = timedelta(days=30)

_EVENTS_OF_PAYMENTS = [
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.expired",
    "charge.refund.updated",
    "charge.refunded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.partially_funded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
]
"""By name, and 20 at most: https://docs.stripe.com/api/events/list knows wildcards for a single type only."""


class Snapshots:
    """Payments of one account, as they are now. Foreign ones, without our metadata or of another shop, are left out."""

    def __init__(
        self,
        connection: StripeConnection,
        *,
        waiting: StripeConnection,
        environment: str,
        deferred: tuple[str, ...],
        publishable_key: str,
    ) -> None:
        self._connection = connection
        self._waiting = waiting
        self._environment = environment
        self._deferred = deferred
        self._publishable_key = publishable_key

    def by_reference(self, provider_ref: str) -> PaymentSnapshot | None:
        """Return one payment; None when Stripe has none with this id."""
        intent = self.intent(provider_ref)
        return None if intent is None else self._snapshot(intent)

    def by_session(self, session_id: str) -> PaymentSnapshot | None:
        """Return the payment that was made for a session; None proves that none had been when it was looked for.

        Stripe's search would find it by its metadata, but lags behind by up to an hour; its lists don't. So all
        payment intents since the session was made are looked through.
        """
        for window in _windows(made_at(session_id)):
            for intent in self._listed(window):
                if self._is_ours(intent) and intent["metadata"][translate.SESSION_ID] == session_id:
                    return self._snapshot(intent)
        return None

    def since(self, moment: datetime | None) -> Iterator[PaymentSnapshot]:
        """Yield every payment that was made since a moment, or that something has happened to since.

        What happened is known for 30 days; None yields everything that was ever made.
        """
        seen = set()
        for intent in self._listed({"gte": int(moment.timestamp())} if moment else {}):
            if self._is_ours(intent):
                seen.add(intent["id"])
                yield self._snapshot(intent)
        if moment is not None:
            yield from self._happened(moment, seen)

    def intent(self, provider_ref: str) -> dict[str, Any] | None:
        """Return a payment intent with its charge, refunds and payment method; None when there is none."""
        try:
            return self._waiting.send(lambda v1: v1.payment_intents.retrieve(provider_ref, {"expand": EXPANDED}))
        except ProviderRejected as error:
            if error.code != MISSING:
                raise
            return None

    def _happened(self, moment: datetime, seen: set[str]) -> Iterator[PaymentSnapshot]:
        earliest = max(moment, datetime.now(UTC) - _EVENTS_REACH_BACK)
        parameters = {"created": {"gte": int(earliest.timestamp())}, "types": _EVENTS_OF_PAYMENTS, "limit": _PAGE}
        for event in self._connection.pages(lambda v1: v1.events.list(parameters)):
            ref = _intent_of(event["data"]["object"])
            intent = self.intent(ref) if ref and ref not in seen else None
            if ref:
                seen.add(ref)
            if intent is not None and self._is_ours(intent):
                yield self._snapshot(intent)

    def _listed(self, created: Mapping[str, int]) -> Iterator[dict[str, Any]]:
        parameters: dict[str, Any] = {"limit": _PAGE, "expand": [f"data.{name}" for name in EXPANDED]}
        if created:
            parameters["created"] = created
        return self._connection.pages(lambda v1: v1.payment_intents.list(parameters))

    def _is_ours(self, intent: Mapping[str, Any]) -> bool:
        metadata = intent.get("metadata") or {}
        is_of_this_shop: bool = metadata.get(translate.ENVIRONMENT, "") == self._environment
        return translate.SESSION_ID in metadata and is_of_this_shop

    def _snapshot(self, intent: Mapping[str, Any]) -> PaymentSnapshot:
        charge = intent.get("latest_charge") or {}
        refunds = charge.get("refunds") or {"data": [], "has_more": False}
        if refunds["has_more"]:
            return self._with_all_refunds(intent["id"])
        return self._made(intent, refunds["data"])

    def _with_all_refunds(self, provider_ref: str) -> PaymentSnapshot:
        """The refunds are read before the intent, so that never more is refunded than the same picture captured."""
        parameters = {"payment_intent": provider_ref, "limit": _PAGE}
        refunds = list(self._connection.pages(lambda v1: v1.refunds.list(parameters)))
        intent = self._connection.send(lambda v1: v1.payment_intents.retrieve(provider_ref, {"expand": EXPANDED}))
        return self._made(intent, refunds)

    def _made(self, intent: Mapping[str, Any], refunds: list[Any]) -> PaymentSnapshot:
        is_disputed = (intent.get("latest_charge") or {}).get("disputed", False)
        parameters = {"payment_intent": intent["id"], "limit": _PAGE}
        disputes = self._connection.pages(lambda v1: v1.disputes.list(parameters)) if is_disputed else ()
        return translate.snapshot(
            intent,
            refunds=refunds,
            disputes=list(disputes),
            deferred=self._deferred,
            publishable_key=self._publishable_key,
        )


def _windows(made: datetime | None) -> list[dict[str, int]]:
    """The first hour, where it nearly always is, then the time since; without a moment, all there is."""
    if made is None:
        return [{}]
    begin, end = int((made - _CLOCKS_DIFFER).timestamp()), int((made + _SOON).timestamp())
    return [{"gte": begin, "lte": end}, {"gt": end}]


def _intent_of(subject: Mapping[str, Any]) -> str | None:
    found = subject if subject["object"] == "payment_intent" else subject.get("payment_intent")
    return str(found["id"] if isinstance(found, Mapping) else found) if found else None
