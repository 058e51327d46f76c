"""What each verb does to a payment at the fake provider, and what it refuses."""

import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderDeclined, ProviderRejected
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
    SessionResult,
    UpdateRequest,
)
from medusa_payments.states import OperationKind, SessionStatus
from medusa_payments.testing.fake_ledger import FakeBooks, FakePayment
from medusa_payments.testing.fake_steering import Outcome, Steering

PUBLIC_DATA_KEYS = frozenset({"id", "client_secret"})

_STATUSES = {Outcome(status.value): status for status in SessionStatus}


def execute(books: FakeBooks, verb: OperationKind, request: ProviderRequest, outcome: Outcome | None) -> ProviderResult:
    """Carry out a request that was never carried out before.

    Raises `ProviderDeclined` when steered so, `ProviderRejected` when steered so or impossible; then nothing changed.
    """
    if outcome is Outcome.DECLINED:
        raise ProviderDeclined("The payment was declined.", code="declined")
    if outcome is Outcome.REJECTED:
        raise ProviderRejected("The payment provider rejected the request.", code="rejected")
    return _VERBS[verb](books, request, outcome)


def steering_of(books: FakeBooks, verb: OperationKind, request: ProviderRequest) -> Steering:
    """Return how a call is steered: by the data that it brings, else by the data of its payment."""
    if isinstance(request, InitiateRequest | UpdateRequest):
        return Steering.of(request.data).for_verb(verb)
    payment = books.payment(request.provider_ref)
    return _steering(payment).for_verb(verb) if payment else Steering(on=verb)


def _steering(payment: FakePayment) -> Steering:
    return msgspec.json.decode(payment.steering, type=Steering)


def _initiate(books: FakeBooks, request: InitiateRequest, outcome: Outcome | None) -> SessionResult:
    _check_amount(request.money, most=None)
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
    _bring_to(payment, _status(outcome, SessionStatus.PENDING))
    books.save(payment)
    books.enter(OperationKind.INITIATE, payment, idempotency_key=request.idempotency_key, amount=payment.amount)
    return _session_result(payment)


def _update(books: FakeBooks, request: UpdateRequest, outcome: Outcome | None) -> SessionResult:
    payment = _existing(books, request.provider_ref, request.money)
    if payment.authorized or payment.status is SessionStatus.CANCELED:
        raise ProviderRejected(f"The payment is {payment.status} and can't be changed.", code="payment_not_updatable")
    _check_amount(request.money, most=None)
    payment.amount = request.money.minor_units
    payment.steering = _encoded_steering(request)
    _bring_to(payment, _status(outcome, SessionStatus.PENDING))
    books.save(payment)
    books.enter(OperationKind.UPDATE, payment, idempotency_key=request.idempotency_key, amount=payment.amount)
    return _session_result(payment)


def _authorize(books: FakeBooks, request: AuthorizeRequest, outcome: Outcome | None) -> SessionResult:
    payment = _existing(books, request.provider_ref, request.money)
    if not payment.authorized and payment.status is not SessionStatus.CANCELED:
        status = _status(outcome, SessionStatus.AUTHORIZED)
        _bring_to(payment, status)
        books.save(payment)
        if status.holds_money:
            books.enter(
                OperationKind.AUTHORIZE, payment, idempotency_key=request.idempotency_key, amount=payment.amount
            )
    return _session_result(payment)


def _capture(books: FakeBooks, request: CaptureRequest, _outcome: Outcome | None) -> CaptureResult:
    payment = _existing(books, request.provider_ref, request.money)
    if not payment.authorized:
        raise ProviderRejected(f"The payment is {payment.status} and can't be captured.", code="payment_not_capturable")
    _check_amount(request.money, most=payment.authorized - payment.captured)
    payment.captured += request.money.minor_units
    if payment.captured == payment.authorized:
        payment.status = SessionStatus.CAPTURED
    books.save(payment)
    books.enter(
        OperationKind.CAPTURE, payment, idempotency_key=request.idempotency_key, amount=request.money.minor_units
    )
    return CaptureResult(money=request.money, capture_ref=f"fake_capt_{secrets.token_hex(12)}", data=_data(payment))


def _refund(books: FakeBooks, request: RefundRequest, _outcome: Outcome | None) -> RefundResult:
    payment = _existing(books, request.provider_ref, request.money)
    _check_amount(request.money, most=payment.captured - payment.refunded)
    payment.refunded += request.money.minor_units
    books.save(payment)
    books.enter(
        OperationKind.REFUND, payment, idempotency_key=request.idempotency_key, amount=request.money.minor_units
    )
    return RefundResult(money=request.money, refund_ref=f"fake_ref_{secrets.token_hex(12)}", data=_data(payment))


def _cancel(books: FakeBooks, request: CancelRequest, _outcome: Outcome | None) -> CancelResult:
    payment = _existing(books, request.provider_ref)
    if payment.status is SessionStatus.CAPTURED:
        raise ProviderRejected("The payment is captured; refund it instead.", code="payment_not_cancelable")
    if payment.status is not SessionStatus.CANCELED:
        released = payment.authorized - payment.captured
        payment.authorized = payment.captured
        payment.status = SessionStatus.CANCELED
        books.save(payment)
        books.enter(OperationKind.CANCEL, payment, idempotency_key=request.idempotency_key, amount=released)
    return CancelResult(data=_data(payment))


_VERBS: dict[OperationKind, Callable[[FakeBooks, Any, Outcome | None], ProviderResult]] = {
    OperationKind.INITIATE: _initiate,
    OperationKind.UPDATE: _update,
    OperationKind.AUTHORIZE: _authorize,
    OperationKind.CAPTURE: _capture,
    OperationKind.REFUND: _refund,
    OperationKind.CANCEL: _cancel,
}


def _existing(books: FakeBooks, ref: str, money: Money | None = None) -> FakePayment:
    payment = books.payment(ref)
    if payment is None:
        raise ProviderRejected(f"No such payment: '{ref}'", code="payment_not_found")
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


def _bring_to(payment: FakePayment, status: SessionStatus) -> None:
    payment.status = status
    payment.authorized = payment.amount if status.holds_money else 0
    payment.captured = payment.amount if status is SessionStatus.CAPTURED else 0


def _encoded_steering(request: InitiateRequest | UpdateRequest) -> str:
    return msgspec.json.encode(Steering.of(request.data)).decode()


def _session_result(payment: FakePayment) -> SessionResult:
    is_captured = payment.status is SessionStatus.CAPTURED
    return SessionResult(
        provider_ref=payment.ref,
        status=payment.status,
        money=Money(minor_units=payment.amount, currency_code=payment.currency_code),
        captured=Money(minor_units=payment.captured, currency_code=payment.currency_code) if is_captured else None,
        data=_data(payment),
    )


def _data(payment: FakePayment) -> dict[str, Any]:
    """The note stands for all that a provider tells and no storefront may read."""
    return {
        "id": payment.ref,
        "client_secret": payment.client_secret,
        "status": payment.status.value,
        "internal_note": f"never for the storefront: {payment.ref}",
    }
