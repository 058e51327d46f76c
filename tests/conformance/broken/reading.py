"""Defects of reads and of webhooks."""

import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.providers.errors import (
    ProviderError,
)
from medusa_payments.providers.notices import WebhookRefused, WebhookRequest
from medusa_payments.states import SessionStatus
from tests.conformance.broken.defects import (
    breaks,
)
from tests.conformance.pocket import Pocket, money_of
from tests.conformance.pocket_service import digest


@breaks({"RET-01": "the session is None", "RET-06": "it names the session"})
class ForgetsWhoseItIs(Pocket):
    def snapshot(self, entry: Any) -> Any:
        return replace(super().snapshot(entry), session_id=None)


@breaks(
    {
        "RET-02": "after reading the service has",
        "RET-07": "the status is <SessionStatus.CAPTURED",
        "RET-08": "captured in total: 199.9 EUR; expected 59.97 EUR",
        "RET-11": "None] instead of the key they were sent with",
    }
)
class CapturesWhenItIsAsked(Pocket):
    def retrieve(self, request: Any) -> Any:
        entry = self.service.entries.get(request.provider_ref)
        if entry and entry.status == "authorized" and not self.service.ahead:
            self.service.capture(entry.ref, entry.held, entry.currency_code, "", is_final=True)
        return super().retrieve(request)


@breaks({"RET-02": "the second read tells", "LST-01": "listed as"})
class TellsSomethingElseEachTime(Pocket):
    def snapshot(self, entry: Any) -> Any:
        return replace(super().snapshot(entry), data={"read": new_id("read")})


@breaks({"RET-03": "for an unknown reference: ProviderRejected"})
class RefusesToSayNo(Pocket):
    def retrieve(self, request: Any) -> Any:
        return (
            self.snapshot(self.look("retrieve", request.provider_ref))
            if request.provider_ref
            else super().retrieve(request)
        )


@breaks({"RET-04": "with unreachable: None"})
class InventsAbsence(Pocket):
    def retrieve(self, request: Any) -> Any:
        with suppress(ProviderError):
            return super().retrieve(request)
        return None


@breaks({"RET-05": "by session: None"})
class FindsNothingBySession(Pocket):
    def retrieve(self, request: Any) -> Any:
        return super().retrieve(request) if request.provider_ref else None


@breaks({"RET-05": "for a session without an object: PaymentSnapshot"})
class FindsTheLatest(Pocket):
    def retrieve(self, request: Any) -> Any:
        found = super().retrieve(request)
        if found is None and request.provider_ref is None:
            return self.snapshot(list(self.service.entries.values())[-1])
        return found


@breaks({"RET-06": "the session's object was returned"})
class BelievesTheSession(Pocket):
    def retrieve(self, request: Any) -> Any:
        return super().retrieve(replace(request, provider_ref=None)) or super().retrieve(request)


@breaks({"RET-07": "the status is <SessionStatus.REQUIRES_MORE"})
class HidesWhatIsHeld(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        is_held = found.status is SessionStatus.AUTHORIZED
        return replace(found, status=SessionStatus.REQUIRES_MORE) if is_held else found


@breaks({"RET-08": "captured in total: 0 EUR; expected 59.97 EUR"})
class CountsFullCapturesOnly(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        return replace(found, captured=money_of(entry, 0)) if found.status is SessionStatus.AUTHORIZED else found


@breaks({"RET-09": "refunds are"})
class ListsTheFirstRefundOnly(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        return replace(found, refunds=found.refunds[:1])


@breaks({"RET-09": "captured in total, refunds not taken off,: 99.95 EUR"})
class TakesRefundsOffCaptures(Pocket):
    def snapshot(self, entry: Any) -> Any:
        return replace(super().snapshot(entry), captured=money_of(entry, entry.captured - entry.refunded))


@breaks(
    {
        "RET-10": "released: 0 EUR; expected 199.9 EUR",
        "RET-12": "released 0 EUR of 199.9 EUR",
        "CAN-07": "released 0 EUR of 199.9 EUR",
    }
)
class CountsNoReleases(Pocket):
    def snapshot(self, entry: Any) -> Any:
        return replace(super().snapshot(entry), released=money_of(entry, 0))


@breaks({"RET-11": "refunds name [None]"})
class TellsNoKeys(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        return replace(found, refunds=tuple(replace(row, idempotency_key=None) for row in found.refunds))


@breaks({"RET-12": "captured 99.95 EUR and released 199.9 EUR of 199.9 EUR"})
class ReleasesTheWholeInSnapshots(Pocket):
    def snapshot(self, entry: Any) -> Any:
        found = super().snapshot(entry)
        return replace(found, released=found.money) if found.status is SessionStatus.CANCELED else found


@breaks({"RET-13": "capture_before=datetime.datetime("})
class ForgetsTheTimeZone(Pocket):
    def session_result(self, entry: Any) -> Any:
        result = super().session_result(entry)
        return replace(result, capture_before=result.capture_before and result.capture_before.replace(tzinfo=None))


@breaks({"WEB-10": "an unknown event: WebhookRefused"})
class RefusesWhatItDoesNotKnow(Pocket):
    def notice(self, *args: Any, **event: Any) -> Any:
        if event["type"] == "payout.sent":
            raise WebhookRefused("What is that?", code="unknown")
        return super().notice(*args, **event)


@breaks({"LST-01": "2 objects are listed, and one that exists is not among them"})
class ListsOnePage(Pocket):
    def list_payments(self, since: datetime | None = None) -> Iterator[Any]:
        for _, found in zip(range(2), super().list_payments(since), strict=False):
            yield found


@breaks({"LST-02": "isn't listed as changed since an hour ago"})
class ListsWhatIsOlder(Pocket):
    def list_payments(self, since: datetime | None = None) -> Iterator[Any]:
        if since is None:
            yield from super().list_payments()


@breaks({"WEB-01": "it is about None, session None"})
class SaysNothingInNotices(Pocket):
    def notice(self, *args: Any, **event: Any) -> Any:
        return replace(super().notice(*args, **event), provider_ref=None, session_id=None)


@breaks({"WEB-02": "without headers: WebhookNotice"})
class TakesUnsignedWebhooks(Pocket):
    def read_webhook(self, request: WebhookRequest) -> Any:
        is_signed = "pocket-signature" in request.headers
        return super().read_webhook(request) if is_signed else self.read_kept_webhook(request.body)


@breaks({"WEB-02": "with another last digit: WebhookNotice", "WEB-03": "with byte"})
class ChecksNoSignature(Pocket):
    def is_genuine(self, body: bytes, at: int, signature: str) -> bool:
        return bool(signature)


@breaks({"WEB-02": "with a last letter that is no ASCII: TypeError"})
class ComparesTexts(Pocket):
    def is_genuine(self, body: bytes, at: int, signature: str) -> bool:
        return hmac.compare_digest(signature, digest(body, self._webhook_secret, at))


@breaks({"WEB-03": "with a space behind it: WebhookNotice"})
class SignsWhatItHasParsed(Pocket):
    def is_genuine(self, body: bytes, at: int, signature: str) -> bool:
        with suppress(ValueError):
            body = json.dumps(json.loads(body)).encode()
        return super().is_genuine(body, at, signature) or signature == digest(body, self._webhook_secret, at)


@breaks({"WEB-04": "a day late: WebhookNotice"})
class BelievesOldWebhooks(Pocket):
    def read_webhook(self, request: WebhookRequest) -> Any:
        return super().read_webhook(replace(request, received_at=min(request.received_at, datetime.now(UTC))))


@breaks({"WEB-04": "a day early: WebhookNotice"})
class BelievesTheFuture(Pocket):
    def read_webhook(self, request: WebhookRequest) -> Any:
        return super().read_webhook(replace(request, received_at=max(request.received_at, datetime.now(UTC))))


@breaks({"WEB-05": "events have 1 ids", "WEB-10": "the event's id is empty"})
class CallsEventsByThePayment(Pocket):
    def notice(self, *args: Any, **event: Any) -> Any:
        return super().notice(*args, **{**event, "id": event["ref"]})


@breaks({"WEB-05": "read again, the events have other ids"})
class CallsEventsAtRandom(Pocket):
    def notice(self, *args: Any, **event: Any) -> Any:
        return super().notice(*args, **{**event, "id": new_id("evt")})


@breaks({"WEB-06": "isn't called foreign"})
class KnowsNoForeigners(Pocket):
    def notice(self, *args: Any, **event: Any) -> Any:
        return super().notice(*args, **{**event, "account": self._account})


@breaks({"WEB-07": "KeyError"})
class TrustsSignedGarbage(Pocket):
    def read_kept_webhook(self, body: bytes) -> Any:
        with suppress(ValueError, TypeError):
            json.loads(body)["id"]
        return super().read_kept_webhook(body)


@breaks({"WEB-08": "with the service unreachable: ProviderUnavailable"})
class AsksWhileItReads(Pocket):
    def notice(self, *args: Any, **event: Any) -> Any:
        self.ask("retrieve", None, lambda: None)
        return super().notice(*args, **event)


@breaks({"WEB-09": "there is neither a snapshot nor retrieve"})
class TellsNothingAnywhere(Pocket):
    capabilities = replace(
        Pocket.capabilities, can_retrieve=False, finds_by_session=False, reports_keys=False, can_list=False
    )
