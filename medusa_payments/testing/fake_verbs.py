"""What each verb does to a payment at the fake provider, and what it refuses."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderDeclined, ProviderObjectGone, ProviderRejected
from medusa_payments.providers.facts import RefundState
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CancelResult,
    CaptureRequest,
    CaptureResult,
    InitiateRequest,
    ProviderRequest,
    ProviderResult,
    RefundRequest,
    RefundResult,
    RefundStatus,
    SessionResult,
    UpdateRequest,
)
from medusa_payments.states import OperationKind, SessionStatus
from medusa_payments.testing import fake_accounts
from medusa_payments.testing.fake_ledger import FakeBooks, FakeMovement, FakePayment
from medusa_payments.testing.fake_steering import Outcome, Steering

PUBLIC_DATA_KEYS = frozenset({"id", "client_secret"})

_EVENT_TYPES = {
    OperationKind.INITIATE: "payment.created",
    OperationKind.UPDATE: "payment.updated",
    OperationKind.CAPTURE: "payment.captured",
    OperationKind.REFUND: "refund.created",
    OperationKind.CANCEL: "payment.canceled",
}

_STATUSES = {Outcome(status.value): status for status in SessionStatus}


def execute(books: FakeBooks, verb: OperationKind, request: ProviderRequest, outcome: Outcome | None) -> ProviderResult:
    """Carry out a request that was never carried out before.

    Raises `ProviderDeclined` when steered so, `ProviderRejected` when steered so or impossible; then nothing changed.
    """
    if outcome is Outcome.DECLINED:
        raise ProviderDeclined("The payment was declined.", code="declined")
    if outcome is Outcome.REJECTED:
        raise ProviderRejected("The payment provider rejected the request.", code="rejected")
    result = _VERBS[verb](books, request, outcome)
    payment = books.payment(result.provider_ref if isinstance(result, SessionResult) else request.provider_ref)  # type: ignore[union-attr]
    if payment is not None:
        books.tell(event_type(verb, payment), payment)
    return result


def event_type(verb: OperationKind, payment: FakePayment) -> str:
    """Return the name of the event that a verb makes the provider tell."""
    if verb in _EVENT_TYPES:
        return _EVENT_TYPES[verb]
    return "payment.failed" if payment.status is SessionStatus.ERROR else f"payment.{payment.status}"


def steering_of(books: FakeBooks, verb: OperationKind, request: ProviderRequest) -> Steering:
    """Return how a call is steered: by the data that it brings, else by the data of its payment."""
    if isinstance(request, InitiateRequest | UpdateRequest):
        return Steering.of(request.data).for_verb(verb)
    return steering_of_payment(books.payment(request.provider_ref), verb)


def steering_of_payment(payment: FakePayment | None, verb: str) -> Steering:
    """Return how a payment's own data steers a verb, or a read."""
    if payment is None:
        return Steering(on=verb)
    return msgspec.json.decode(payment.steering, type=Steering).for_verb(verb)


def _initiate(books: FakeBooks, request: InitiateRequest, outcome: Outcome | None) -> SessionResult:
    _check_amount(request.money, most=None)
    fake_accounts.refuse_foreign(books, request)
    ref = f"fake_pay_{secrets.token_hex(12)}"
    payment = FakePayment(
        ref=ref,
        session_id=request.session_id,
        amount=request.money.minor_units,
        currency_code=request.money.currency_code,
        status=SessionStatus.PENDING,
        client_secret=f"{ref}_secret_{secrets.token_hex(8)}",
        steering=_encoded_steering(request),
    )
    bring_to(books, payment, _status(outcome, SessionStatus.PENDING), request.operation_id)
    books.save(payment)
    books.enter(OperationKind.INITIATE, payment, idempotency_key=request.operation_id, amount=payment.amount)
    return _session_result(payment)


def _update(books: FakeBooks, request: UpdateRequest, outcome: Outcome | None) -> SessionResult:
    payment = _payable(books, request)
    if payment.authorized or payment.status is SessionStatus.CANCELED:
        raise ProviderObjectGone(f"The payment is {payment.status} and can't be changed.")
    _check_amount(request.money, most=None)
    payment.amount = request.money.minor_units
    payment.steering = _encoded_steering(request)
    bring_to(books, payment, _status(outcome, SessionStatus.PENDING), request.operation_id)
    books.save(payment)
    books.enter(OperationKind.UPDATE, payment, idempotency_key=request.operation_id, amount=payment.amount)
    return _session_result(payment)


def _authorize(books: FakeBooks, request: AuthorizeRequest, outcome: Outcome | None) -> SessionResult:
    payment = _payable(books, request)
    if not payment.authorized and payment.status is not SessionStatus.CANCELED:
        status = _status(outcome, SessionStatus.AUTHORIZED)
        bring_to(books, payment, status, request.operation_id)
        books.save(payment)
        if status.holds_money:
            books.enter(OperationKind.AUTHORIZE, payment, idempotency_key=request.operation_id, amount=payment.amount)
    return _session_result(payment)


def _capture(books: FakeBooks, request: CaptureRequest, _outcome: Outcome | None) -> CaptureResult:
    payment = _existing(books, request.provider_ref, request.money)
    if not payment.authorized:
        raise ProviderRejected(f"The payment is {payment.status} and can't be captured.", code="payment_not_capturable")
    _check_amount(request.money, most=payment.authorized - payment.captured)
    ref = capture(books, payment, request.money.minor_units, request.operation_id)
    return CaptureResult(money=request.money, capture_ref=ref, data=data_of(payment))


def _refund(books: FakeBooks, request: RefundRequest, outcome: Outcome | None) -> RefundResult:
    payment = _existing(books, request.provider_ref, request.money)
    kept = payment.captured - payment.refunded
    disputed = sum(dispute.amount for dispute in books.disputes(payment.ref) if dispute.state.withholds_money)
    if disputed and request.money.minor_units > kept - disputed:
        raise ProviderRejected("The payment is disputed.", code="payment_disputed")
    _check_amount(request.money, most=kept)
    is_pending = outcome is Outcome.PENDING
    state = RefundState.PENDING if is_pending else RefundState.SUCCEEDED
    ref = refund(books, payment, request.money.minor_units, request.operation_id, state)
    status = RefundStatus.ACCEPTED if is_pending else RefundStatus.SUCCEEDED
    return RefundResult(money=request.money, status=status, refund_ref=ref, data=data_of(payment))


def _cancel(books: FakeBooks, request: CancelRequest, _outcome: Outcome | None) -> CancelResult:
    payment = _existing(books, request.provider_ref)
    if payment.status is SessionStatus.CAPTURED:
        raise ProviderRejected("The payment is captured; refund it instead.", code="payment_not_cancelable")
    if payment.status is not SessionStatus.CANCELED:
        release(books, payment, request.operation_id)
    released = Money(minor_units=payment.released, currency_code=payment.currency_code)
    return CancelResult(released=released, data=data_of(payment))


def capture(books: FakeBooks, payment: FakePayment, amount: int, idempotency_key: str) -> str:
    """Capture an amount that was checked; return the capture's reference."""
    ref = f"fake_capt_{secrets.token_hex(12)}"
    payment.captured += amount
    if payment.captured >= payment.authorized:
        payment.status = SessionStatus.CAPTURED
    books.save(payment)
    books.add_capture(payment, FakeMovement(ref=ref, amount=amount, idempotency_key=idempotency_key))
    books.enter(OperationKind.CAPTURE, payment, idempotency_key=idempotency_key, amount=amount)
    return ref


def refund(books: FakeBooks, payment: FakePayment, amount: int, idempotency_key: str, state: RefundState) -> str:
    """Refund an amount that was checked; return the refund's reference."""
    ref = f"fake_ref_{secrets.token_hex(12)}"
    payment.refunded += amount
    books.save(payment)
    movement = FakeMovement(ref=ref, amount=amount, idempotency_key=idempotency_key, state=state.value)
    books.save_refund(payment.ref, movement)
    books.enter(OperationKind.REFUND, payment, idempotency_key=idempotency_key, amount=amount)
    return ref


def release(books: FakeBooks, payment: FakePayment, idempotency_key: str) -> None:
    """Give back what is authorized and not captured; the payment is over."""
    amount = payment.authorized - payment.captured
    payment.released += amount
    payment.authorized = payment.captured
    payment.status = SessionStatus.CANCELED
    books.save(payment)
    books.enter(OperationKind.CANCEL, payment, idempotency_key=idempotency_key, amount=amount)


def release_if_over(books: FakeBooks, payment: FakePayment) -> None:
    """Let an authorization that has run out go, as the provider does by itself."""
    if payment.status is SessionStatus.AUTHORIZED and books.has_run_out(payment):
        release(books, payment, "")
        books.tell("payment.canceled", payment)


def bring_to(books: FakeBooks, payment: FakePayment, status: SessionStatus, idempotency_key: str) -> None:
    """Bring a payment to a status, with what it holds then."""
    payment.status = status
    payment.authorized = payment.amount if status.holds_money else 0
    payment.capture_before = books.capture_before() if status is SessionStatus.AUTHORIZED else None
    payment.captured = payment.amount if status is SessionStatus.CAPTURED else 0
    if payment.captured:
        ref = f"fake_capt_{secrets.token_hex(12)}"
        books.add_capture(payment, FakeMovement(ref=ref, amount=payment.captured, idempotency_key=idempotency_key))


_VERBS: dict[OperationKind, Callable[[FakeBooks, Any, Outcome | None], ProviderResult]] = {
    OperationKind.INITIATE: _initiate,
    OperationKind.UPDATE: _update,
    OperationKind.AUTHORIZE: _authorize,
    OperationKind.CAPTURE: _capture,
    OperationKind.REFUND: _refund,
    OperationKind.CANCEL: _cancel,
}


def _payable(books: FakeBooks, request: UpdateRequest | AuthorizeRequest) -> FakePayment:
    """Return the payment that a customer is to pay with. Raises `ProviderObjectGone` when there is none."""
    if books.payment(request.provider_ref) is None:
        raise ProviderObjectGone(f"No such payment: '{request.provider_ref}'")
    return _existing(books, request.provider_ref, request.money)


def _existing(books: FakeBooks, ref: str, money: Money | None = None) -> FakePayment:
    payment = books.payment(ref)
    if payment is None:
        raise ProviderRejected(f"No such payment: '{ref}'", code="payment_not_found")
    release_if_over(books, payment)
    if money is not None and money.currency_code != payment.currency_code:
        raise ProviderRejected(f"The payment is in {payment.currency_code.upper()}.", code="currency_mismatch")
    return payment


def _check_amount(money: Money, *, most: int | None) -> None:
    if money.minor_units <= 0:
        raise ProviderRejected("The amount must be greater than 0.", code="amount_too_small")
    if most is not None and money.minor_units > most:
        left = Money(minor_units=most, currency_code=money.currency_code)
        raise ProviderRejected(f"{money} is more than the {left} that is left.", code="amount_too_large")


def _status(outcome: Outcome | None, default: SessionStatus) -> SessionStatus:
    return default if outcome is None else _STATUSES.get(outcome, default)


def _encoded_steering(request: InitiateRequest | UpdateRequest) -> str:
    return msgspec.json.encode(Steering.of(request.data)).decode()


def _session_result(payment: FakePayment) -> SessionResult:
    is_captured = payment.status is SessionStatus.CAPTURED
    return SessionResult(
        provider_ref=payment.ref,
        status=payment.status,
        money=Money(minor_units=payment.amount, currency_code=payment.currency_code),
        captured=Money(minor_units=payment.captured, currency_code=payment.currency_code) if is_captured else None,
        capture_before=datetime.fromisoformat(payment.capture_before) if payment.capture_before else None,
        data=data_of(payment),
    )


def data_of(payment: FakePayment) -> dict[str, Any]:
    """Return a payment as the provider shows it. The note stands for all that no storefront may read."""
    return {
        "id": payment.ref,
        "client_secret": payment.client_secret,
        "status": payment.status.value,
        "internal_note": f"never for the storefront: {payment.ref}",
    }
