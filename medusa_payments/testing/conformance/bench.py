"""What the author of a provider writes, so that the kit can put the provider through its paces."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.facts import RefundState


class Customer(StrEnum):
    """What a customer does with a payment object, and what `authorize` is expected to find afterwards."""

    AUTHORIZES = "authorizes"
    """Confirms; the money is held, to be captured later (`authorized`)."""
    PAYS = "pays"
    """Confirms; the money is captured at once (`captured`)."""
    HESITATES = "hesitates"
    """Has still something to do, such as a 3-D Secure challenge; nothing is held."""
    IS_DECLINED = "is_declined"
    """Tries, and the bank says no; nothing is held."""
    PAYS_LATER = "pays_later"
    """Is done, but the money is under way for days (`pending_authorization`)."""


class Fault(StrEnum):
    """What can go wrong between a provider's class and its service."""

    UNREACHABLE = "unreachable"
    """No connection: no byte of a request leaves."""
    REQUEST_LOST = "request_lost"
    """Nothing is executed, and no answer comes."""
    ANSWER_LOST = "answer_lost"
    """The request is executed, and no answer comes."""
    SERVER_ERROR = "server_error"
    """The request may be executed; the answer is a server error, or can't be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a provider's service really has for one session, not as the provider's class tells it.

    `objects` are the payment objects made, with what each is for; `captures` and `refunds` the single movements
    (pending refunds count, failed ones don't); `held` is what is authorized and neither captured nor released, None
    for nothing.
    """

    objects: tuple[Money, ...] = ()
    captures: tuple[Money, ...] = ()
    refunds: tuple[Money, ...] = ()
    held: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWebhook:
    """A webhook as it is delivered: the bytes, the headers by lower-case name, and the query of the URL."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)


class ProviderBench(ABC):
    """The stand on which one provider is tested. Every check gets a bench of its own.

    Only `backend` and `options` must be given. Everything else is optional, and whatever is left out is a check that
    is reported as *not checked*, with the name of the hook that it needs. What the provider can't do by its nature
    belongs into its `Capabilities`, or into `never`: then the check is *not applicable*.
    """

    backend: ClassVar[type[PaymentProvider]]
    """The class under test, as `BACKEND` in the settings names it."""

    name: ClassVar[str] = ""
    """How reports call the provider; by default its class."""

    currencies: ClassVar[tuple[str, ...]] = ("eur", "jpy", "kwd")
    """Currencies that the provider takes, the usual one first: two, no and three decimals, where it has them."""

    amount: ClassVar[int] = 19_990
    """The price of what is sold on the bench, in minor units of every currency; parts are captured and refunded."""

    customers: ClassVar[frozenset[Customer]] = frozenset({Customer.AUTHORIZES})
    """Which customers `client_data` and `act` can play."""

    never: ClassVar[frozenset[Customer]] = frozenset()
    """Which customers this provider can't have."""

    secret_options: ClassVar[frozenset[str]] = frozenset()
    """Options whose values must never be seen anywhere."""

    keeps_books: ClassVar[bool] = True
    """False for a provider behind which nobody counts money (payment by hand): then nobody can check limits there."""

    pays_with_saved_methods: ClassVar[bool] = True
    """False where what the provider keeps for a customer can't be paid with by itself."""

    has_slow_refunds: ClassVar[bool] = True
    """False where the outcome of a refund is always known at once."""

    webhooks_expire: ClassVar[bool] = True
    """False where the provider's signatures prove no time."""

    def __init__(self, directory: Path) -> None:
        """`directory` is empty, and this bench's own."""
        self.directory = directory

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Return the provider's `OPTIONS` for a fresh account, or a namespace of its own: the same at every call."""

    def wrong_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return by name of an option `OPTIONS` that are wrong because of it: missing, misspelt, of another type."""
        raise NotImplementedError

    def other_options(self) -> dict[str, Any]:
        """Return `OPTIONS` of another account at the same provider."""
        raise NotImplementedError

    def client_data(self, customer: Customer) -> dict[str, Any]:
        """Return the session data that a customer's storefront sends; by default none."""
        return {}

    def act(self, provider_ref: str, customer: Customer) -> None:  # noqa: B027
        """Do what a customer does in the browser, after `initiate` and before `authorize`.

        Leave it out where there is nothing to do, and the provider authorizes by itself.
        """

    def books(self, session_id: str) -> Books:
        """Return what the provider's service has for a session. `session_id` is what `initiate` was called with."""
        raise NotImplementedError

    def fault(self, fault: Fault, verb: str) -> AbstractContextManager[None]:
        """Return a context in which every call of a verb (`"capture"`, `"retrieve"` …) suffers a fault.

        Choose options with a short timeout: the kit waits for it.
        """
        raise NotImplementedError

    def webhooks(self, session_id: str) -> Sequence[SentWebhook]:
        """Return the webhooks that the provider has sent for a session so far, oldest first, signed now."""
        raise NotImplementedError

    def sign(self, body: bytes) -> Mapping[str, str]:
        """Return the headers with which the provider would send a body now."""
        raise NotImplementedError

    def foreign_webhook(self, session_id: str) -> SentWebhook:
        """Return a webhook that is signed rightly, and belongs to another account or to the other mode."""
        raise NotImplementedError

    def unknown_webhook(self) -> SentWebhook:
        """Return a webhook that is signed rightly, of a type or form that the provider's class doesn't know."""
        raise NotImplementedError

    def slow_refunds(self) -> AbstractContextManager[None]:
        """Return a context in which customers pay in such a way that refunds are taken on, and decided later."""
        raise NotImplementedError

    def settle_refund(self, refund_ref: str, state: RefundState) -> None:
        """Let the bank decide about a refund made in `slow_refunds`."""
        raise NotImplementedError

    def let_authorization_run_out(self, provider_ref: str) -> None:
        """Move the provider's clock behind the end of an authorization."""
        raise NotImplementedError

    def save_method(self, account_holder_ref: str) -> str:
        """Let a customer's browser finish saving a payment method; return the method's reference."""
        raise NotImplementedError

    def dispute(self, provider_ref: str) -> str:
        """Let a customer dispute a captured payment; return the dispute's reference."""
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027
        """Clear up; called at the end of every check."""

    def offers(self, hook: str) -> bool:
        """Say whether a bench has an optional hook."""
        return getattr(type(self), hook) is not getattr(ProviderBench, hook)
