"""The contract of a payment provider.

A provider translates; it never decides. It holds no state of ours, opens no transaction, reads no setting.
Every verb takes one request and returns one result (`providers.types`) or raises one of `providers.errors`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
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
from medusa_payments.providers.errors import ProviderRejected
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
    RefundRequest,
    RefundResult,
    SessionResult,
    UpdateRequest,
)
from medusa_payments.sensitive_data import holds_sensitive_data


class PaymentProvider(ABC):
    """One instance per configured alias, shared by all threads of the process.

    Money may only move inside `authorize`, `capture`, `refund` and `cancel`, and only once for one
    `idempotency_key`: a repeat with the same key must return the first call's result (or raise its refusal).
    A service that repeats an error of its own under a key says so: `ProviderOutcomeUnknown(…, was_answered=True)`.
    """

    capabilities: Capabilities = Capabilities()
    """May differ by instance, where it depends on the options."""

    option_names: ClassVar[frozenset[str] | None] = None
    """The names that `OPTIONS` may have; None for a provider that checks them itself."""

    client_data_keys: ClassVar[frozenset[str] | None] = frozenset()
    """Keys of the session `data` that a storefront may send; None accepts all but `RESERVED_DATA_KEYS`."""

    url_data_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys of the session `data`, however deep, whose value is an address that customers are sent to; beside
    `return_url`, which always is one. Shoppers may name addresses of the shop only (`RETURN_URL_ORIGINS`)."""

    public_data_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys of the provider's own data that a storefront may see."""

    api_version: ClassVar[str] = ""
    """The version of the provider's API that requests are written for; stored with every operation."""

    timeout_seconds: float = 30
    """An upper bound of one verb's duration, retries included. The lease of an operation is derived from it."""

    waiting_timeout_seconds: float | None = None
    """A shorter bound for calls that a customer waits for: `initiate`, `update`, `authorize`, `retrieve`, and those
    about customers and their payment methods. None: `timeout_seconds` is that, too. The provider keeps it.
    """

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        """Raise `ValueError` or `TypeError` for wrong options; called once, before anything is reserved."""
        unknown = set() if self.option_names is None else options.keys() - self.option_names
        if unknown:
            raise ValueError(f"unknown options: {', '.join(sorted(unknown))}")
        self.alias = alias

    @property
    @abstractmethod
    def account(self) -> str:
        """The account at the provider, unique among all providers: two aliases on one account answer the same."""

    @property
    def account_digest(self) -> str:
        """A digest of the options that say whose account it is (a key, an address); "" where none does.

        Only ever compared with those of other aliases, so that a system check can name two that say one account and
        mean two, or the other way round.
        """
        return ""

    def amount_step(self, currency_code: str) -> int:
        """The smallest difference, in minor units, between two amounts that the provider accepts."""
        return 1

    def clean_client_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of a storefront's session `data` goes to the provider.

        Called before anything is reserved. Raises `ProviderRejected` naming the keys that aren't writable, and naming
        nothing when there is a card number, a security code or a secret key anywhere in it.
        """
        if holds_sensitive_data(data):
            raise ProviderRejected(CARD_DATA_REFUSED, code="sensitive_data")
        forbidden = RESERVED_DATA_KEYS & data.keys()
        if self.client_data_keys is not None:
            forbidden |= data.keys() - self.client_data_keys
        if forbidden:
            names = ", ".join(sorted(forbidden))
            raise ProviderRejected(f"Payment provider {self.alias} doesn't accept these data keys: '{names}'")
        return dict(data)

    @abstractmethod
    def initiate(self, request: InitiateRequest) -> SessionResult:
        """Create the payment object. Called once per session, with the amount to be paid."""

    def update(self, request: UpdateRequest) -> SessionResult:
        """Bring an existing, unconfirmed payment object to a new amount or new data.

        Only called with the capability `supports_update`; without it the object is replaced. Raises
        `ProviderObjectGone` for one that is missing, canceled, or can't be changed any more.
        """
        raise NotImplementedError(f"{self.alias} can't change its payment objects.")

    @abstractmethod
    def authorize(self, request: AuthorizeRequest) -> SessionResult:
        """Authorize, or find out whether the customer has; any status may come back.

        Raises `ProviderObjectGone` for an object that is missing.
        """

    @abstractmethod
    def capture(self, request: CaptureRequest) -> CaptureResult:
        """Capture exactly `request.money` of an authorized payment."""

    @abstractmethod
    def refund(self, request: RefundRequest) -> RefundResult:
        """Give back exactly `request.money` of a captured payment."""

    @abstractmethod
    def cancel(self, request: CancelRequest) -> CancelResult:
        """Give up the payment object and release what it holds. Canceling twice is no error."""

    def retrieve(self, request: RetrieveRequest) -> PaymentSnapshot | None:
        """Return the payment object as the provider has it now; None when there is none. Changes nothing.

        Only called with the capability `can_retrieve`. Raises `ProviderUnavailable` or `ProviderOutcomeUnknown` when
        the provider can't be asked now.
        """
        raise NotImplementedError(f"{self.alias} can't be asked for a payment object.")

    def list_payments(self, since: datetime | None = None) -> Iterator[PaymentSnapshot]:
        """Return every payment object made or changed since a moment, in any order. Changes nothing.

        Only called with the capability `can_list`. One object may come twice.
        """
        raise NotImplementedError(f"{self.alias} can't list its payment objects.")

    def read_webhook(self, request: WebhookRequest) -> WebhookNotice:
        """Verify and read a webhook. A pure function: no call, no state, no clock but `request.received_at`.

        Only called with the capability `has_webhooks`. Raises `WebhookRefused` for bytes that can't be trusted. What is
        signed and not understood (an unknown type, an object that can't be read) is no reason to refuse: it is read as
        a notice that names neither a payment object nor a session, and ignored. A provider that signs nothing
        (`has_unsigned_webhooks`) checks the secret that the shop put into the URL (`request.query`), and names the
        object to look at.
        """
        raise NotImplementedError(f"{self.alias} sends no webhooks.")

    def read_kept_webhook(self, body: bytes) -> WebhookNotice:
        """Read a body that `read_webhook` has verified before, without verifying it again.

        Only called for providers without the capability `can_retrieve`.
        """
        raise NotImplementedError(f"{self.alias} can't read its webhooks again.")

    def create_account_holder(self, request: CreateAccountHolderRequest) -> AccountHolderResult:
        """Open a customer's account, once for one `idempotency_key`.

        Only called with the capability `has_account_holders`, as are the next two.
        """
        raise NotImplementedError(f"{self.alias} keeps no customers.")

    def find_account_holder(self, request: FindAccountHolderRequest) -> AccountHolderResult | None:
        """Return the account that was opened for our row, None when there is none. Changes nothing.

        By its reference it must be found at once, else what was opened an hour ago must be; only then is None believed.
        """
        raise NotImplementedError(f"{self.alias} keeps no customers.")

    def delete_account_holder(self, request: DeleteAccountHolderRequest) -> None:
        """Close a customer's account, with the payment methods that it has. One that is gone already is no error.

        What was paid stays.
        """
        raise NotImplementedError(f"{self.alias} keeps no customers.")

    def list_payment_methods(self, account_holder_ref: str) -> tuple[SavedPaymentMethod, ...]:
        """Return the payment methods kept for a customer that can be paid with again, newest first. Changes nothing.

        Only called with the capability `has_saved_methods`, as are the next two.
        """
        raise NotImplementedError(f"{self.alias} keeps no payment methods.")

    def save_payment_method(self, request: SavePaymentMethodRequest) -> SavePaymentMethodResult:
        """Begin to save a payment method; the customer's browser goes on with what is returned."""
        raise NotImplementedError(f"{self.alias} keeps no payment methods.")

    def delete_payment_method(self, request: DeletePaymentMethodRequest) -> None:
        """Forget a payment method. One that is gone already is no error.

        Raises `ProviderRejected` for one that isn't this account holder's.
        """
        raise NotImplementedError(f"{self.alias} keeps no payment methods.")


CARD_DATA_REFUSED = "Card data and secret keys can't be sent here: a card is given to the payment provider itself."

RESERVED_DATA_KEYS = frozenset(
    {"amount", "currency", "currency_code", "customer", "customer_id", "capture_method", "metadata"}
)
"""Session data that only the server decides."""
