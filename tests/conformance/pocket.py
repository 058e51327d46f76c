"""The provider of the pocket service, as it should be, and its bench."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.money import Money
from medusa_payments.providers.account_holders import (
    AccountHolderResult,
    CreateAccountHolderRequest,
    DeleteAccountHolderRequest,
    DeletePaymentMethodRequest,
    FindAccountHolderRequest,
    SavedPaymentMethod,
    SavePaymentMethodRequest,
    SavePaymentMethodResult,
)
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.facts import (
    CaptureFact,
    DisputeFact,
    DisputeState,
    PaymentSnapshot,
    RefundFact,
    RefundState,
    RetrieveRequest,
)
from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CancelResult,
    Capabilities,
    CaptureRequest,
    CaptureResult,
    InitiateRequest,
    RefundRequest,
    RefundResult,
    RefundStatus,
    SessionResult,
    UpdateRequest,
)
from medusa_payments.states import SessionStatus
from medusa_payments.testing.conformance import Books, Customer, Fault, ProviderBench, SentWebhook
from tests.conformance.pocket_service import (
    BrokenAnswer,
    Entry,
    Movement,
    PocketService,
    Refusal,
    body_of,
    digest,
    sign,
)

API_KEY = "pocket_key_2f8c61"
WEBHOOK_SECRET = "pocket_hook_91d0"

TOLERANCE_SECONDS = 300

STATUSES = {
    "open": SessionStatus.REQUIRES_MORE,
    "authorized": SessionStatus.AUTHORIZED,
    "captured": SessionStatus.CAPTURED,
    "failed": SessionStatus.ERROR,
    "processing": SessionStatus.PENDING_AUTHORIZATION,
    "canceled": SessionStatus.CANCELED,
}


class Pocket(PaymentProvider):
    """Options: `service`, `api_key`, `webhook_secret`, `account`."""

    capabilities = Capabilities(
        supports_zero_amount=True,
        can_retrieve=True,
        finds_by_session=True,
        reports_keys=True,
        can_list=True,
        has_webhooks=True,
        has_account_holders=True,
        has_saved_methods=True,
        has_disputes=True,
    )
    option_names = frozenset({"service", "api_key", "webhook_secret", "account"})
    client_data_keys = frozenset({"token", "payment_method"})
    public_data_keys = frozenset({"id", "client_secret"})
    timeout_seconds = 0.5

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        for name in sorted(self.option_names):
            if not options.get(name):
                raise ValueError(f"the option {name} is missing")
        self.service: PocketService = options["service"]
        self._api_key, self._webhook_secret = options["api_key"], options["webhook_secret"]
        self._account = options["account"]

    @property
    def account(self) -> str:
        return f"pocket:{self._account}"

    def initiate(self, request: InitiateRequest) -> SessionResult:
        chosen = (request.data.get("token", ""), request.data.get("payment_method", ""), request.account_holder_ref)
        sent = (request.session_id, *pair(request.money), *chosen)
        return self.session_result(self.ask("initiate", request, lambda: self.service.create(*sent)))

    def update(self, request: UpdateRequest) -> SessionResult:
        sent = (request.provider_ref, request.money.minor_units, request.data.get("token", ""))
        return self.session_result(self.ask("update", request, lambda: self.service.change(*sent)))

    def authorize(self, request: AuthorizeRequest) -> SessionResult:
        entry = self.look("authorize", request.provider_ref)
        if entry.method and entry.status == "open":
            self.service.act(entry.ref, Customer.AUTHORIZES)
            entry = self.look("authorize", request.provider_ref)
        return self.session_result(entry)

    def capture(self, request: CaptureRequest) -> CaptureResult:
        money, key = request.money, request.operation_id
        entry, ref = self.ask(
            "capture",
            request,
            lambda: self.service.capture(
                request.provider_ref, money.minor_units, money.currency_code, key, is_final=request.is_final
            ),
        )
        return CaptureResult(money=money_of(entry, movement(entry.captures, ref).amount), capture_ref=ref)

    def refund(self, request: RefundRequest) -> RefundResult:
        money, key = request.money, request.operation_id
        entry, made = self.ask(
            "refund",
            request,
            lambda: self.service.refund(request.provider_ref, money.minor_units, money.currency_code, key),
        )
        status = RefundStatus.ACCEPTED if made.state == "pending" else RefundStatus.SUCCEEDED
        return RefundResult(money=money_of(entry, made.amount), status=status, refund_ref=made.ref)

    def cancel(self, request: CancelRequest) -> CancelResult:
        entry = self.ask("cancel", request, lambda: self.service.cancel(request.provider_ref))
        return CancelResult(released=money_of(entry, entry.released))

    def retrieve(self, request: RetrieveRequest) -> PaymentSnapshot | None:
        ref = request.provider_ref
        if ref is None:
            found = self.ask("retrieve", None, lambda: self.service.of_session(request.session_id))
            return self.snapshot(found[-1].copy()) if found else None
        try:
            return self.snapshot(self.look("retrieve", ref))
        except ProviderRejected:
            return None

    def list_payments(self, since: datetime | None = None) -> Iterator[PaymentSnapshot]:
        for ref in list(self.service.entries):
            yield self.snapshot(self.look("list", ref))

    def read_webhook(self, request: WebhookRequest) -> WebhookNotice:
        at, _, signature = request.headers.get("pocket-signature", "").partition(".")
        if not at.isdigit() or not self.is_genuine(request.body, int(at), signature):
            raise WebhookRefused("The signature doesn't fit.", code="bad_signature")
        if abs(request.received_at.timestamp() - int(at)) > TOLERANCE_SECONDS:
            raise WebhookRefused("It is too old, or from the future.", code="bad_time")
        return self.read_kept_webhook(request.body)

    def is_genuine(self, body: bytes, at: int, signature: str) -> bool:
        return signature == digest(body, self._webhook_secret, at)

    def read_kept_webhook(self, body: bytes) -> WebhookNotice:
        try:
            event = json.loads(body)
            return self.notice(event, **{name: event[name] for name in ("id", "type", "ref", "session", "account")})
        except (ValueError, TypeError, KeyError) as error:
            raise WebhookRefused("It can't be read.", code="unreadable") from error

    def notice(self, event: Any, *, id: str, type: str, ref: str, session: str, account: str) -> WebhookNotice:
        return WebhookNotice(
            event_id=id, event_type=type, provider_ref=ref, session_id=session, is_foreign=account != self._account
        )

    def create_account_holder(self, request: CreateAccountHolderRequest) -> AccountHolderResult:
        ref = self.ask("create_account_holder", request, lambda: self.service.hold(request.account_holder_id))
        return AccountHolderResult(account_holder_ref=ref)

    def find_account_holder(self, request: FindAccountHolderRequest) -> AccountHolderResult | None:
        found = [ref for ref, holder in self.service.holders.items() if holder == request.account_holder_id]
        return AccountHolderResult(account_holder_ref=found[0]) if found else None

    def delete_account_holder(self, request: DeleteAccountHolderRequest) -> None:
        self.service.holders.pop(request.account_holder_ref, None)

    def list_payment_methods(self, account_holder_ref: str) -> tuple[SavedPaymentMethod, ...]:
        mine = [ref for ref, owner in self.service.methods.items() if owner == account_holder_ref]
        return tuple(SavedPaymentMethod(payment_method_ref=ref, data={"last4": "4242"}) for ref in mine)

    def save_payment_method(self, request: SavePaymentMethodRequest) -> SavePaymentMethodResult:
        ref = self.ask("save_payment_method", request, lambda: new_id("pseti"))
        return SavePaymentMethodResult(ref=ref, data={"client_secret": f"{ref}_secret"})

    def delete_payment_method(self, request: DeletePaymentMethodRequest) -> None:
        owner = self.service.methods.get(request.payment_method_ref, request.account_holder_ref)
        if owner != request.account_holder_ref:
            raise ProviderRejected("It isn't this customer's.")
        self.service.methods.pop(request.payment_method_ref, None)

    def look(self, verb: str, ref: str) -> Entry:
        return self.ask(verb, None, lambda: self.service.read(ref))

    def ask(self, verb: str, request: Any, execute: Callable[[], Any]) -> Any:
        key = "" if request is None else request.idempotency_key
        try:
            return self.service.call(verb, key, request, execute)
        except Exception as error:
            raise self.translated(error) from error

    def translated(self, error: Exception) -> Exception:
        match error:
            case Refusal(is_decline=True):
                return ProviderDeclined(error.message, code=error.code)
            case Refusal():
                return ProviderRejected(error.message, code=error.code)
            case ConnectionRefusedError():
                return ProviderUnavailable("The service can't be reached.")
            case TimeoutError() | BrokenAnswer():
                return ProviderOutcomeUnknown("The service didn't answer.")
        return error

    def session_result(self, entry: Entry) -> SessionResult:
        is_captured = entry.status == "captured"
        return SessionResult(
            provider_ref=entry.ref,
            status=self.status(entry),
            money=money_of(entry, entry.amount),
            captured=money_of(entry, entry.captured) if is_captured else None,
            capture_before=entry.capture_before,
            data=self.data(entry),
        )

    def status(self, entry: Entry) -> SessionStatus:
        return STATUSES[entry.status]

    def data(self, entry: Entry) -> dict[str, Any]:
        return {"id": entry.ref, "client_secret": f"{entry.ref}_secret"}

    def snapshot(self, entry: Entry) -> PaymentSnapshot:
        return PaymentSnapshot(
            provider_ref=entry.ref,
            session_id=entry.session_id,
            status=self.status(entry),
            money=money_of(entry, entry.amount),
            captured=money_of(entry, entry.captured),
            released=money_of(entry, entry.released),
            captures=tuple(capture_fact(entry, row) for row in entry.captures),
            refunds=tuple(refund_fact(entry, row) for row in entry.refunds),
            disputes=tuple(dispute_fact(entry, row) for row in entry.disputes),
            capture_before=entry.capture_before,
        )


def pair(money: Money) -> tuple[int, str]:
    return money.minor_units, money.currency_code


def money_of(entry: Entry, minor_units: int) -> Money:
    return Money(minor_units=minor_units, currency_code=entry.currency_code)


def movement(rows: list[Movement], ref: str) -> Movement:
    return next(row for row in rows if row.ref == ref)


def capture_fact(entry: Entry, row: Movement) -> CaptureFact:
    return CaptureFact(money=money_of(entry, row.amount), capture_ref=row.ref, idempotency_key=row.key or None)


def refund_fact(entry: Entry, row: Movement) -> RefundFact:
    return RefundFact(
        money=money_of(entry, row.amount), refund_ref=row.ref, state=RefundState(row.state), idempotency_key=row.key
    )


def dispute_fact(entry: Entry, row: Movement) -> DisputeFact:
    return DisputeFact(money=money_of(entry, row.amount), dispute_ref=row.ref, state=DisputeState.NEEDS_RESPONSE)


class PocketBench(ProviderBench):
    """Offers every hook, so that every rule is checked."""

    backend = Pocket
    customers = frozenset(Customer)
    secret_options = frozenset({"api_key", "webhook_secret"})

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.service = PocketService()

    def options(self) -> dict[str, Any]:
        return {"service": self.service, "api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET, "account": "one"}

    def wrong_options(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: {**self.options(), name: ""} for name in ("api_key", "webhook_secret")}

    def other_options(self) -> dict[str, Any]:
        return {**self.options(), "account": "two"}

    def client_data(self, customer: Customer) -> dict[str, Any]:
        return {"token": f"tok_{customer}"}

    def act(self, provider_ref: str, customer: Customer) -> None:
        self.service.act(provider_ref, customer)

    def books(self, session_id: str) -> Books:
        entries = self.service.of_session(session_id)
        held = sum(entry.held for entry in entries)
        return Books(
            objects=tuple(money_of(entry, entry.amount) for entry in entries),
            captures=tuple(money_of(entry, row.amount) for entry in entries for row in entry.captures),
            refunds=tuple(
                money_of(entry, row.amount) for entry in entries for row in entry.refunds if row.state != "failed"
            ),
            held=money_of(entries[0], held) if held else None,
        )

    @contextmanager
    def fault(self, fault: Fault, verb: str) -> Iterator[None]:
        self.service.faults[verb] = fault
        yield
        del self.service.faults[verb]

    def webhooks(self, session_id: str) -> Sequence[SentWebhook]:
        return [self._sent(event, "one") for event in self.service.events if event["session"] == session_id]

    def sign(self, body: bytes) -> Mapping[str, str]:
        return sign(body, WEBHOOK_SECRET, int(time.time()))

    def foreign_webhook(self, session_id: str) -> SentWebhook:
        return self._sent({"id": "pevt_1", "type": "captured", "ref": "x", "session": session_id}, "two")

    def unknown_webhook(self) -> SentWebhook:
        return self._sent({"id": "pevt_2", "type": "payout.sent", "ref": None, "session": None}, "one")

    @contextmanager
    def slow_refunds(self) -> Iterator[None]:
        self.service.refund_state = "pending"
        yield
        self.service.refund_state = "succeeded"

    def settle_refund(self, refund_ref: str, state: RefundState) -> None:
        rows = [row for entry in self.service.entries.values() for row in entry.refunds]
        movement(rows, refund_ref).state = state.value

    def let_authorization_run_out(self, provider_ref: str) -> None:
        self.service.ahead = timedelta(days=8)

    def save_method(self, account_holder_ref: str) -> str:
        ref = new_id("pmeth")
        self.service.methods[ref] = account_holder_ref
        return ref

    def dispute(self, provider_ref: str) -> str:
        entry = self.service.entries[provider_ref]
        entry.disputes.append(Movement(ref=new_id("pdis"), amount=entry.amount, key=""))
        return entry.disputes[-1].ref

    def _sent(self, event: dict[str, Any], account: str) -> SentWebhook:
        body = body_of(event, account)
        return SentWebhook(body=body, headers=self.sign(body))
