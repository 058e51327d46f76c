"""The Stripe provider's verbs on payment intents."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

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
    ProviderError,
    ProviderObjectGone,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.facts import PaymentSnapshot, RefundState, RetrieveRequest
from medusa_payments.providers.notices import WebhookNotice, WebhookRequest
from medusa_payments.providers.stripe import amounts, client_data, intents, translate, webhooks
from medusa_payments.providers.stripe.account_holders import AccountHolders
from medusa_payments.providers.stripe.client import API_VERSION, StripeConnection
from medusa_payments.providers.stripe.options import read_options
from medusa_payments.providers.stripe.snapshots import MISSING, Snapshots
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

KEY_WINDOW_SECONDS = 24 * 60 * 60
"""Stripe may forget a key after this time: https://docs.stripe.com/api/idempotent_requests."""

_MOST_REQUESTS = 3
"""No verb makes more: read, act, and read again when the act was refused."""

_UNEXPECTED_STATE = "payment_intent_unexpected_state"

_CHANGEABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})

_CAPABILITIES = Capabilities(
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


class StripePaymentProvider(PaymentProvider):
    """What all of Stripe's services have in common. One payment session is one payment intent."""

    service_types: ClassVar[tuple[str, ...]] = ()
    """The payment method types of a service that is one way to pay; () leaves the choice to Stripe and the customer."""

    deferred_types: ClassVar[tuple[str, ...]] = ()
    """Those whose outcome comes days later, unless the option `async_payment_method_types` says otherwise."""

    client_data_keys: ClassVar[frozenset[str] | None] = client_data.CLIENT_DATA_KEYS
    url_data_keys: ClassVar[frozenset[str]] = client_data.URL_DATA_KEYS
    public_data_keys: ClassVar[frozenset[str]] = translate.PUBLIC_DATA_KEYS
    api_version: ClassVar[str] = API_VERSION

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        self.options = read_options(options)
        self.capabilities = replace(
            _CAPABILITIES,
            supports_partial_capture=not self.service_types,
            supports_multiple_captures=self.options.multicapture and not self.service_types,
        )
        self._connection = StripeConnection(self.options)
        self._waiting = StripeConnection(self.options, is_waiting=True)
        self.timeout_seconds = _MOST_REQUESTS * self._connection.seconds_per_request
        self.waiting_timeout_seconds = _MOST_REQUESTS * self._waiting.seconds_per_request
        configured = self.options.async_payment_method_types
        self._deferred = self.deferred_types if configured is None else configured
        self._snapshots = Snapshots(
            self._connection,
            waiting=self._waiting,
            environment=self.options.environment,
            deferred=self._deferred,
            publishable_key=self.options.publishable_key,
        )
        self._account_holders = AccountHolders(
            self._waiting, environment=self.options.environment, publishable_key=self.options.publishable_key
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.alias} on {self.account}>"

    @property
    def account(self) -> str:
        return self.options.account_name

    @property
    def account_digest(self) -> str:
        """Of the secret key: all aliases on one account have the same, also while it is rotated."""
        return hashlib.sha256(self.options.api_key.encode()).hexdigest()

    def amount_step(self, currency_code: str) -> int:
        return amounts.amount_step(currency_code)

    def clean_client_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        cleaned = super().clean_client_data(data)
        client_data.check(cleaned, alias=self.alias, is_one_way=bool(self.service_types))
        return cleaned

    def initiate(self, request: InitiateRequest) -> SessionResult:
        parameters = intents.create_parameters(
            request, self.options, capture_method=self._capture_method, fixed=self._fixed_parameters()
        )
        return self._session_result(
            self._waiting.send(lambda v1: v1.payment_intents.create(parameters, _under(request)))
        )

    def update(self, request: UpdateRequest) -> SessionResult:
        """Change an intent. One that may lead the customer away can't become one that is confirmed on the server with
        nowhere to come back to: that takes another intent.
        """
        parameters = intents.update_parameters(request, self.options, fixed=self._fixed_parameters())
        if intents.is_confirmed_here(request.data) and intents.may_lead_away(self._changeable(request.provider_ref)):
            raise ProviderObjectGone("This payment may lead the customer away; another one is made that doesn't.")
        try:
            intent = self._waiting.send(
                lambda v1: v1.payment_intents.update(request.provider_ref, parameters, _under(request))
            )
        except ProviderRejected as refusal:
            raise self._refused_change(refusal, request.provider_ref) from None
        return self._session_result(intent)

    def authorize(self, request: AuthorizeRequest) -> SessionResult:
        """Find out whether the customer has paid; pay with a saved method that only waits for being confirmed."""
        intent = self._changeable(request.provider_ref)
        if intent["status"] == "requires_confirmation" and intents.pays_with_what_was_chosen(intent):
            intent = self._confirmed(request, intent)
        return self._session_result(intent)

    def capture(self, request: CaptureRequest) -> CaptureResult:
        amount = intents.stripe_amount(request)
        parameters = {
            "amount_to_capture": amount,
            "metadata": translate.captured_metadata(request.operation_id, amount),
            "expand": intents.EXPANDED,
        }
        if self.options.multicapture and not request.is_final:
            # Stripe refuses it, whatever its value, for a payment that can be captured once only.
            parameters["final_capture"] = False
        try:
            intent = self._capture(request, parameters)
        except ProviderRejected as error:
            intent = self._captured_already(request, amount, error)
        released = translate.totals(intent).released
        return CaptureResult(
            money=request.money,
            released=translate.money(released, intent) if released else None,
            data=self._kept(intent),
        )

    def refund(self, request: RefundRequest) -> RefundResult:
        parameters = intents.refund_parameters(request, self.options)
        refund = self._connection.send(lambda v1: v1.refunds.create(parameters, _under(request)))
        state = translate.refund_state(refund)
        if state is RefundState.FAILED:
            raise ProviderRejected("The refund failed at once.", code=refund.get("failure_reason") or "refund_failed")
        status = RefundStatus.ACCEPTED if state is RefundState.PENDING else RefundStatus.SUCCEEDED
        return RefundResult(money=translate.money(refund["amount"], refund), status=status, refund_ref=refund["id"])

    def cancel(self, request: CancelRequest) -> CancelResult:
        """Cancel a payment intent; of one that is captured in part, release the rest."""
        intent = self._read_first(request.provider_ref)
        if not _is_over(intent):
            intent = self._given_up(request, intent)
        held = translate.totals(intent)
        if intent["status"] == "succeeded" and not held.released:
            raise ProviderRejected("The payment is captured; refund it instead.", code="payment_not_cancelable")
        return CancelResult(released=translate.money(held.released, intent), data=self._kept(intent))

    def retrieve(self, request: RetrieveRequest) -> PaymentSnapshot | None:
        if request.provider_ref is not None:
            return self._snapshots.by_reference(request.provider_ref)
        return self._snapshots.by_session(request.session_id)

    def list_payments(self, since: datetime | None = None) -> Iterator[PaymentSnapshot]:
        return self._snapshots.since(since)

    def read_webhook(self, request: WebhookRequest) -> WebhookNotice:
        return webhooks.read(request, self.options)

    def create_account_holder(self, request: CreateAccountHolderRequest) -> AccountHolderResult:
        return self._account_holders.create(request)

    def find_account_holder(self, request: FindAccountHolderRequest) -> AccountHolderResult | None:
        return self._account_holders.find(request)

    def delete_account_holder(self, request: DeleteAccountHolderRequest) -> None:
        self._account_holders.delete(request)

    def list_payment_methods(self, account_holder_ref: str) -> tuple[SavedPaymentMethod, ...]:
        return self._account_holders.payment_methods(account_holder_ref)

    def save_payment_method(self, request: SavePaymentMethodRequest) -> SavePaymentMethodResult:
        return self._account_holders.save(request)

    def delete_payment_method(self, request: DeletePaymentMethodRequest) -> None:
        self._account_holders.forget(request)

    @property
    def _capture_method(self) -> str:
        return "automatic" if self.service_types or self.options.capture else "manual"

    def _fixed_parameters(self) -> dict[str, Any]:
        return {intents.ALLOWED_TYPES: list(self.service_types)} if self.service_types else {}

    def _read_first(self, provider_ref: str) -> dict[str, Any]:
        """Return a payment intent that something may be done to next. Raises `ProviderUnavailable` when it can't be
        read: then nothing was done.
        """
        try:
            return self._existing(provider_ref)
        except ProviderOutcomeUnknown as error:
            raise ProviderUnavailable(error.message, code=error.code) from error

    def _changeable(self, provider_ref: str) -> dict[str, Any]:
        """As `_read_first`; raises `ProviderObjectGone` when Stripe has none with this id."""
        try:
            return self._read_first(provider_ref)
        except ProviderRejected as refusal:
            raise ProviderObjectGone(refusal.message) if refusal.code == MISSING else refusal from None

    def _read_again(self, provider_ref: str) -> dict[str, Any]:
        """Return a payment intent that refused something. Raises `ProviderOutcomeUnknown` when it can't be read."""
        try:
            return self._existing(provider_ref)
        except ProviderError as error:
            raise ProviderOutcomeUnknown(error.message, code=error.code, was_answered=True) from error

    def _existing(self, provider_ref: str) -> dict[str, Any]:
        """Return a payment intent. Raises `ProviderRejected` when Stripe has none with this id."""
        intent = self._snapshots.intent(provider_ref)
        if intent is None:
            raise ProviderRejected(f"No such payment intent: '{provider_ref}'", code=MISSING)
        return intent

    def _capture(self, request: CaptureRequest, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._connection.send(
            lambda v1: v1.payment_intents.capture(request.provider_ref, parameters, _under(request))
        )

    def _captured_already(self, request: CaptureRequest, amount: int, refusal: ProviderRejected) -> dict[str, Any]:
        """Return the intent when it was this very operation that captured it. Raises the refusal otherwise."""
        if refusal.code == MISSING:
            raise refusal
        intent = self._read_again(request.provider_ref)
        if translate.captured_under(intent, request.operation_id) != amount:
            raise refusal
        return intent

    def _confirmed(self, request: AuthorizeRequest, intent: Mapping[str, Any]) -> dict[str, Any]:
        """Return the intent once it is confirmed, whoever was faster. Raises `ProviderRejected` when it can't be."""
        parameters = intents.confirm_parameters(intent)
        try:
            return self._waiting.send(
                lambda v1: v1.payment_intents.confirm(request.provider_ref, parameters, _under(request))
            )
        except ProviderRejected as refusal:
            now = self._read_again(request.provider_ref)
            if now["status"] == intent["status"]:
                raise refusal from None
            return now

    def _refused_change(self, refusal: ProviderRejected, provider_ref: str) -> ProviderRejected:
        """Return why an intent can't be changed: it is gone when it is missing, or paid, processing or canceled by now.

        The customer, or a payment method, may be missing as well; what the intent says decides.
        """
        if refusal.code not in {MISSING, _UNEXPECTED_STATE}:
            return refusal
        try:
            intent = self._snapshots.intent(provider_ref)
        except ProviderError:
            return refusal
        is_changeable = intent is not None and intent["status"] in _CHANGEABLE
        return refusal if is_changeable else ProviderObjectGone("This payment can't be changed any more.")

    def _given_up(self, request: CancelRequest, intent: Mapping[str, Any]) -> dict[str, Any]:
        """Return the intent once it is over, whoever was faster. Raises `ProviderRejected` when it can't be ended."""
        try:
            return self._give_up(request, intent)
        except ProviderRejected as refusal:
            now = self._read_again(request.provider_ref)
            if not _is_over(now):
                raise refusal from None
            return now

    def _give_up(self, request: CancelRequest, intent: Mapping[str, Any]) -> dict[str, Any]:
        """Stripe releases the rest of a part-captured intent by a final capture of nothing, else by canceling it."""
        if intent["amount_received"]:
            nothing_more = {"amount_to_capture": 0, "final_capture": True, "expand": intents.EXPANDED}
            return self._connection.send(
                lambda v1: v1.payment_intents.capture(request.provider_ref, nothing_more, _under(request))
            )
        return self._connection.send(
            lambda v1: v1.payment_intents.cancel(request.provider_ref, {"expand": intents.EXPANDED}, _under(request))
        )

    def _session_result(self, intent: Mapping[str, Any]) -> SessionResult:
        return translate.session_result(intent, deferred=self._deferred, publishable_key=self.options.publishable_key)

    def _kept(self, intent: Mapping[str, Any]) -> dict[str, Any]:
        return translate.kept(intent, self.options.publishable_key)


def _under(request: Any) -> dict[str, str]:
    return {"idempotency_key": request.idempotency_key}


def _is_over(intent: Mapping[str, Any]) -> bool:
    return intent["status"] in {"canceled", "succeeded"}
