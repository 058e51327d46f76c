"""A payment provider to develop and test with: scriptable through session data, with books of its own.

Session `data` may hold `outcome` (`fake_steering.Outcome`), `on` (the verb it is for; `authorize` when absent) and
`delay_ms`; what an update brings replaces what was there. Verbs that aren't steered just work.

- The statuses are answered by initiate, update and authorize; `captured` is authorized and captured at once. `pending`
  on refund is a refund that the bank decides about later. For capture, refund and cancel the others are plain success.
- `declined` and `rejected` refuse every new idempotency key; nothing is executed.
- `unavailable` fails every call; nothing is executed.
- `timeout_before`, `timeout_after` lose the answer to the first call of a key, before or after its execution.
- `error_before`, `error_after` answer the first call of an operation with an error of the provider's own, before or
  after its execution, and every repeat under the same key with the same error. A later key of the operation works.
- `crash_before`, `crash_after` kill the calling process on the first call of a key, before or after its execution.
- `unavailable` and `timeout_*` with `"on": "retrieve"` make the provider one that can't be asked.
- Calls about customers and their saved payment methods (`fake_accounts.AccountVerb`) belong to no session: `steer` says
  what becomes of them.
- `delay_ms` passes before the first call of a key is executed. One that is longer than the provider's timeout is
  executed and its answer lost.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

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
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.facts import PaymentSnapshot, RetrieveRequest
from medusa_payments.providers.notices import WebhookNotice, WebhookRequest
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CancelResult,
    Capabilities,
    CaptureRequest,
    CaptureResult,
    InitiateRequest,
    ProviderRequest,
    RefundRequest,
    RefundResult,
    SessionResult,
    UpdateRequest,
    operation_of,
)
from medusa_payments.states import OperationKind, RefusalKind
from medusa_payments.testing import fake_accounts, fake_snapshots, fake_verbs, fake_webhooks
from medusa_payments.testing.fake_account_books import FakeCustomer
from medusa_payments.testing.fake_accounts import AccountRequest, AccountVerb
from medusa_payments.testing.fake_dashboard import FakeDashboard
from medusa_payments.testing.fake_ledger import KEY_WINDOW_SECONDS, FakeBooks, FakeCall, FakeLedger, FakePayment
from medusa_payments.testing.fake_steering import (
    CRASHES,
    ERRORS,
    RETRIEVE,
    STEERING_KEYS,
    WITHOUT_ANSWER,
    WITHOUT_EFFECT,
    Outcome,
    Steering,
)

KILLED = 137
"""The exit status of a process that was killed."""

_PAGE = 500

_REFUSALS: dict[RefusalKind, type[ProviderError]] = {
    RefusalKind.DECLINED: ProviderDeclined,
    RefusalKind.REJECTED: ProviderRejected,
}

ResultT = TypeVar("ResultT")

_Verb = OperationKind | AccountVerb
_Request = ProviderRequest | AccountRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What was said to the first executed call of a key, to be said again to all others."""

    result: Any = None
    refusal: RefusalKind | None = None
    message: str = ""
    code: str = ""
    is_error: bool = False

    def unwrap(self, result_type: type[ResultT]) -> ResultT:
        if self.is_error:
            raise ProviderOutcomeUnknown(self.message, code=self.code, was_answered=True)
        if self.refusal is not None:
            raise _REFUSALS[self.refusal](self.message, code=self.code)
        return msgspec.convert(self.result, result_type)


class FakeProvider(PaymentProvider):
    """Behaves like a payment service: own ids and limits, idempotency keys, declines, timeouts.

    Options: `ledger_path`, the SQLite file that all processes share and that outlives them; `account` ("fake");
    `timeout_seconds` (30); `authorization_seconds`, after which an authorization runs out (never); `webhook_secrets`:
    the first signs, all are accepted. Of several callers with one key at the same time one is executed, the
    others get its answer. `dashboard` acts at the provider behind the shop's back.
    """

    capabilities = Capabilities(
        takes_outside_money=False,
        key_window_seconds=KEY_WINDOW_SECONDS,
        can_retrieve=True,
        finds_by_session=True,
        reports_keys=True,
        can_list=True,
        has_webhooks=True,
        has_account_holders=True,
        has_saved_methods=True,
        has_disputes=True,
    )
    option_names = frozenset({"ledger_path", "account", "timeout_seconds", "authorization_seconds", "webhook_secrets"})
    client_data_keys = STEERING_KEYS | {fake_accounts.DATA_KEY}
    public_data_keys = fake_verbs.PUBLIC_DATA_KEYS
    api_version = "1"

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        if not options.get("ledger_path"):
            raise ValueError("the option ledger_path is missing")
        self._account = str(options.get("account", "fake"))
        self.timeout_seconds = float(options.get("timeout_seconds", 30))
        self._webhook_secrets = tuple(options.get("webhook_secrets", ()))
        self._ledger = FakeLedger(
            str(options["ledger_path"]),
            timeout_seconds=self.timeout_seconds,
            authorization_seconds=options.get("authorization_seconds"),
        )
        self.dashboard = FakeDashboard(self._ledger)

    @property
    def account(self) -> str:
        return self._account

    @property
    def account_digest(self) -> str:
        return hashlib.sha256(self._ledger.path.encode()).hexdigest()

    def clean_client_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        cleaned = super().clean_client_data(data)
        steering = Steering.of(cleaned)
        return cleaned | ({"delay_ms": steering.delay_ms} if "delay_ms" in cleaned else {})

    def initiate(self, request: InitiateRequest) -> SessionResult:
        return self._call(OperationKind.INITIATE, request, SessionResult)

    def update(self, request: UpdateRequest) -> SessionResult:
        return self._call(OperationKind.UPDATE, request, SessionResult)

    def authorize(self, request: AuthorizeRequest) -> SessionResult:
        return self._call(OperationKind.AUTHORIZE, request, SessionResult)

    def capture(self, request: CaptureRequest) -> CaptureResult:
        return self._call(OperationKind.CAPTURE, request, CaptureResult)

    def refund(self, request: RefundRequest) -> RefundResult:
        return self._call(OperationKind.REFUND, request, RefundResult)

    def cancel(self, request: CancelRequest) -> CancelResult:
        return self._call(OperationKind.CANCEL, request, CancelResult)

    def create_account_holder(self, request: CreateAccountHolderRequest) -> AccountHolderResult:
        return self._call(AccountVerb.CREATE, request, AccountHolderResult)

    def find_account_holder(self, request: FindAccountHolderRequest) -> AccountHolderResult | None:
        with self._ledger.transaction() as books:
            steering = fake_accounts.steering_of(books, AccountVerb.FIND)
            found = fake_accounts.find(books, request.account_holder_id, self._account)
        return _answered(found, steering)

    def delete_account_holder(self, request: DeleteAccountHolderRequest) -> None:
        self._call(AccountVerb.DELETE, request, type(None))

    def list_payment_methods(self, account_holder_ref: str) -> tuple[SavedPaymentMethod, ...]:
        with self._ledger.transaction() as books:
            steering = fake_accounts.steering_of(books, AccountVerb.LIST_METHODS)
            saved = fake_accounts.saved(books, account_holder_ref)
        return _answered(saved, steering)

    def save_payment_method(self, request: SavePaymentMethodRequest) -> SavePaymentMethodResult:
        return self._call(AccountVerb.SAVE_METHOD, request, SavePaymentMethodResult)

    def delete_payment_method(self, request: DeletePaymentMethodRequest) -> None:
        self._call(AccountVerb.DELETE_METHOD, request, type(None))

    def steer(self, verb: str, outcome: str | None = None, *, delay_ms: int = 0) -> None:
        """Say what becomes of the calls of an `AccountVerb` from now on; nothing special without an outcome."""
        steering = Steering(outcome=Outcome(outcome) if outcome else None, on=AccountVerb(verb), delay_ms=delay_ms)
        with self._ledger.transaction() as books:
            books.accounts.steer(verb, msgspec.json.encode(steering).decode())

    def customers(self) -> list[FakeCustomer]:
        """Return the customers that the provider has, of all its accounts, oldest first."""
        with self._ledger.transaction() as books:
            return books.accounts.customers()

    def ledger_entries(self, session_id: str | None = None) -> list[dict[str, Any]]:
        """Return every executed effect, oldest first: verb, session_id, idempotency_key, amount (minor units),
        currency_code, created_at.

        One entry per call that did something: `captured` on authorize is one entry of authorize, an authorize that
        authorized nothing has none, and a cancel's amount is what it released.
        """
        with self._ledger.transaction() as books:
            return books.entries(session_id)

    def retrieve(self, request: RetrieveRequest) -> PaymentSnapshot | None:
        """Return a payment by reference, else by session. Data with `"on": "retrieve"` steers it like a verb."""
        with self._ledger.transaction() as books:
            if request.provider_ref is None:
                payment = books.payment_of_session(request.session_id)
            else:
                payment = books.payment(request.provider_ref)
            steering = fake_verbs.steering_of_payment(payment, RETRIEVE)
            found = fake_snapshots.snapshot(books, payment) if payment else None
        return _answered(found, steering)

    def list_payments(self, since: datetime | None = None) -> Iterator[PaymentSnapshot]:
        """Return all payments changed since a moment, by reference."""
        after = ""
        while True:
            with self._ledger.transaction() as books:
                payments = books.payments_changed_since(since, after=after, most=_PAGE)
                page = [fake_snapshots.snapshot(books, payment) for payment in payments]
            if not page:
                return
            yield from page
            after = page[-1].provider_ref

    def read_webhook(self, request: WebhookRequest) -> WebhookNotice:
        return fake_webhooks.read(request, secrets=self._webhook_secrets, account=self._account)

    def webhooks(self, session_id: str | None = None) -> list[tuple[bytes, dict[str, str]]]:
        """Return body and headers of the webhooks for all that happened so far, oldest first, signed now."""
        with self._ledger.transaction() as books:
            events = [event for event in books.events() if session_id in {None, event.session_id}]
        bodies = [fake_webhooks.body_of(event, account=self._account) for event in events]
        return [(body, self.sign(body)) for body in bodies]

    def sign(self, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
        """Return the headers that prove a body, by default as of now."""
        at = int(time.time()) if timestamp is None else timestamp
        return fake_webhooks.sign(body, secret=self._webhook_secrets[0], timestamp=at)

    def payment(self, provider_ref: str) -> FakePayment | None:
        """Return a payment object as the books have it; None for an unknown reference."""
        with self._ledger.transaction() as books:
            return books.payment(provider_ref)

    def reset(self) -> None:
        """Forget all payments, customers, keys and entries."""
        with self._ledger.transaction() as books:
            books.clear()

    def _call(self, verb: _Verb, request: _Request, result_type: type[ResultT]) -> ResultT:
        with self._ledger.transaction() as books:
            steering = _steering_of(books, verb, request)
            is_new = books.call(request.idempotency_key) is None
        if steering.outcome is Outcome.UNAVAILABLE:
            raise ProviderUnavailable("The payment provider can't be reached.")
        delay_seconds = steering.delay_ms / 1000
        if is_new:
            time.sleep(min(delay_seconds, self.timeout_seconds))
        with self._ledger.transaction() as books:
            answer, is_first_call = self._answer(books, verb, request, steering.outcome)
        if is_first_call and steering.outcome in CRASHES:
            os._exit(KILLED)
        is_too_late = steering.outcome in WITHOUT_ANSWER or delay_seconds > self.timeout_seconds
        if answer is None or (is_first_call and is_too_late):
            raise ProviderOutcomeUnknown("The payment provider did not answer in time.")
        return answer.unwrap(result_type)

    def _answer(
        self, books: FakeBooks, verb: _Verb, request: _Request, outcome: Outcome | None
    ) -> tuple[_Answer | None, bool]:
        """Return the answer to a key, None when it is steered not to be executed now; and whether this is its first
        call.

        Raises `ProviderRejected` for a key that came with another request before.
        """
        canonical = msgspec.json.encode(request, order="deterministic")
        earlier = books.call(request.idempotency_key)
        if earlier is not None and earlier.request != canonical:
            raise ProviderRejected("This idempotency key was used for another request.", code="idempotency_mismatch")
        if earlier is not None and earlier.answer is not None:
            return msgspec.json.decode(earlier.answer, type=_Answer), False
        is_first_call = earlier is None
        if outcome in ERRORS and is_first_call and operation_of(request.idempotency_key) == request.idempotency_key:
            answer: _Answer | None = self._error(books, verb, request, outcome)
        elif is_first_call and outcome in WITHOUT_EFFECT:
            answer = None
        else:
            answer = self._execute(books, verb, request, outcome)
        encoded = msgspec.json.encode(answer) if answer else None
        books.remember(request.idempotency_key, FakeCall(request=canonical, answer=encoded))
        return answer, is_first_call

    def _error(self, books: FakeBooks, verb: _Verb, request: Any, outcome: Outcome | None) -> _Answer:
        if outcome is Outcome.ERROR_AFTER:
            self._execute(books, verb, request, outcome)
        return _Answer(is_error=True, message="The payment provider answered with an error.", code="internal_error")

    def _execute(self, books: FakeBooks, verb: _Verb, request: Any, outcome: Outcome | None) -> _Answer:
        try:
            if isinstance(verb, AccountVerb):
                result: object = fake_accounts.execute(books, verb, request, outcome, self._account)
            else:
                result = fake_verbs.execute(books, verb, request, outcome)
        except (ProviderDeclined, ProviderRejected) as error:
            refusal = RefusalKind.DECLINED if isinstance(error, ProviderDeclined) else RefusalKind.REJECTED
            return _Answer(refusal=refusal, message=error.message, code=error.code)
        return _Answer(result=msgspec.to_builtins(result))


def _steering_of(books: FakeBooks, verb: _Verb, request: Any) -> Steering:
    if isinstance(verb, AccountVerb):
        return fake_accounts.steering_of(books, verb)
    return fake_verbs.steering_of(books, verb, request)


def _answered(found: ResultT, steering: Steering) -> ResultT:
    """Let a read fail where it is steered to."""
    if steering.outcome is Outcome.UNAVAILABLE:
        raise ProviderUnavailable("The payment provider can't be reached.")
    if steering.outcome in WITHOUT_ANSWER:
        raise ProviderOutcomeUnknown("The payment provider did not answer in time.")
    return found
