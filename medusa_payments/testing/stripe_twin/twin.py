"""A stand-in for Stripe with books of its own; see the package's own words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from medusa_payments.testing.stripe_twin import accounts, attempts, bank, faults, intents, refunds, server, webhooks
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.call import HIDDEN, SESSION_KEY
from medusa_payments.testing.stripe_twin.dashboard import Dashboard
from medusa_payments.testing.stripe_twin.faults import Fault
from medusa_payments.testing.stripe_twin.http_client import TwinHTTPClient
from medusa_payments.testing.stripe_twin.store import Store
from medusa_payments.testing.stripe_twin.time_passes import pass_time
from medusa_payments.testing.stripe_twin.webhooks import Mischief, Webhook
from medusa_payments.testing.stripe_twin.wire import Document, TwinRequest, TwinResponse

ACCOUNT = "acct_twin"
SECRET_KEY = "sk_test_twin"
PUBLISHABLE_KEY = "pk_test_twin"
WEBHOOK_SECRET = "whsec_twin"

BASE_URL = "http://127.0.0.1:8000/stripe-twin"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinPayment:
    """What became of a payment's money, in minor units. `released`: held once, and given back uncaptured."""

    ref: str
    status: str
    amount: int
    authorized: int
    captured: int
    released: int
    refunded: int


class StripeTwin:
    """Stripe, in one SQLite file that all processes share and that outlives them.

    An empty file begins with one account: `acct_twin`, keys `sk_test_twin` and `pk_test_twin`, webhook secret
    `whsec_twin`. `base_url` is where browsers find the twin, for the addresses that it hands out. Raises `ValueError`
    for a file that can't be used.
    """

    def __init__(self, path: str, *, base_url: str = BASE_URL) -> None:
        self._store = Store(path)
        self.base_url = base_url.rstrip("/")
        self.dashboard = Dashboard(self._store, self.base_url)
        with self.books() as books:
            is_new = not accounts.has_accounts(books)
        if is_new:
            self.open_account(ACCOUNT, SECRET_KEY, PUBLISHABLE_KEY, webhook_secrets=[WEBHOOK_SECRET])

    @contextmanager
    def books(self) -> Iterator[Books]:
        """Hold the books alone, to read or change what no method here does."""
        with self._store.transaction() as connection:
            yield Books(connection)

    def handle(self, request: TwinRequest) -> TwinResponse:
        """Carry out one request. Raises `faults.ConnectionLost` when it was told not to answer."""
        return server.handle(self._store, request)

    def finish_action(self, intent_id: str, client_secret: str, *, is_successful: bool) -> Document:
        """The customer does, or refuses, what an intent waits for; see `bank.finish`."""
        return bank.finish(self._store, intent_id, client_secret, is_successful=is_successful, base_url=self.base_url)

    def look_at(self, intent_id: str, client_secret: str) -> tuple[Document, str]:
        """Return what the bank's page shows of an intent, and where it sends the browser; see `bank.look`."""
        return bank.look(self._store, intent_id, client_secret, base_url=self.base_url)

    def http_client(self, *, timeout: float = 80) -> TwinHTTPClient:
        """Return a transport for `stripe.StripeClient(key, http_client=…)` that opens no socket."""
        return TwinHTTPClient(self.handle, base_url=self.base_url, timeout=timeout)

    def open_account(
        self,
        account_id: str,
        *api_keys: str,
        webhook_secrets: Sequence[str] = (WEBHOOK_SECRET,),
        has_multicapture: bool = False,
    ) -> None:
        """Open an account, or set an existing one anew. Keys with `_live_` open the books of its live mode."""
        is_live = any("_live_" in key for key in api_keys)
        with self.books() as books:
            scope = accounts.open_account(
                books, account_id, is_live=is_live, has_multicapture=has_multicapture, secrets=list(webhook_secrets)
            )
            for key in api_keys:
                accounts.add_key(books, scope, key)

    def add_key(self, account_id: str, api_key: str) -> None:
        """Let another key open an account, as when keys are rotated. Raises `LookupError` for an unknown account."""
        with self.books() as books:
            accounts.add_key(books, accounts.scope_of_account(books, account_id), api_key)

    def remove_key(self, api_key: str) -> None:
        """Let a key open nothing any more. A no-op for an unknown one."""
        with self.books() as books:
            accounts.remove_key(books, api_key)

    def now(self) -> float:
        """The twin's time, in seconds since the epoch."""
        with self.books() as books:
            return books.now()

    def advance(self, seconds: float) -> None:
        """Move the twin's clock, and let happen what is due by then."""
        with self.books() as books:
            books.advance(seconds)
            pass_time(books, base_url=self.base_url)

    def set_delays(
        self, *, payments: float | None = None, refunded: float | None = None, search: float | None = None
    ) -> None:
        """Set after how many seconds delayed payments and refunds are decided, and searches find what is new."""
        names = {attempts.DELAYED_SECONDS: payments, refunds.DECIDED_SECONDS: refunded, intents.SEARCH_LAG: search}
        with self.books() as books:
            for name, seconds in names.items():
                if seconds is not None:
                    books.set(name, str(seconds))

    def fail(
        self,
        endpoint: str,
        fault: Fault | str,
        *,
        times: int | None = 1,
        for_each_key: bool = False,
        milliseconds: int = 0,
    ) -> None:
        """Let the next calls of an endpoint (`payment_intents.capture`, `*` for all) go wrong.

        `times` calls in all (None: until `stop_failing`), or with `for_each_key` so many of each idempotency key.
        Raises `ValueError` for an unknown endpoint or fault.
        """
        if endpoint not in faults.known_endpoints():
            raise ValueError(f"unknown endpoint: {endpoint}")
        with self.books() as books:
            faults.plan(
                books,
                endpoint,
                Fault(fault),
                times=times,
                for_each_key=for_each_key,
                milliseconds=milliseconds,
            )

    def stop_failing(self) -> None:
        with self.books() as books:
            faults.clear(books)

    def events(self, session_id: str | None = None, *, account_id: str = ACCOUNT) -> list[Document]:
        """Return all events of an account so far, oldest first; those about a session's payment if one is named."""
        with self.books() as books:
            scope = accounts.scope_of_account(books, account_id)
            events = books.find(scope, "event", {})
            return [event for event in events if session_id in {None, _session_of(books, scope, event)}]

    def webhooks(
        self,
        session_id: str | None = None,
        *,
        account_id: str = ACCOUNT,
        secret: str | None = None,
        mischief: Mischief | None = None,
    ) -> list[Webhook]:
        """Return body and headers of the webhooks for all that happened so far, signed now, as they arrive."""
        events = self.events(session_id, account_id=account_id)
        arriving = mischief.apply(events) if mischief else events
        bodies = [webhooks.body_of(event) for event in arriving]
        return [(body, self.sign(body, account_id=account_id, secret=secret)) for body in bodies]

    def sign(
        self, body: bytes, *, account_id: str = ACCOUNT, secret: str | None = None, timestamp: int | None = None
    ) -> dict[str, str]:
        """Return the headers that prove a body: by an account's first secret, as of now."""
        return webhooks.sign(body, secret=secret or self.webhook_secret(account_id), timestamp=timestamp)

    def webhook_secret(self, account_id: str = ACCOUNT) -> str:
        """Return the secret that signs an account's webhooks. Raises `LookupError` for an unknown account."""
        with self.books() as books:
            return accounts.account_of_scope(books, accounts.scope_of_account(books, account_id)).webhook_secrets[0]

    def ledger_entries(self, session_id: str | None = None) -> list[dict[str, Any]]:
        """Return every executed effect, oldest first: verb, session_id (from the metadata), idempotency_key, amount
        (minor units), currency_code, created_at. One for each request that did something.
        """
        with self.books() as books:
            return books.entries(session_id)

    def payment(self, ref: str) -> TwinPayment | None:
        """Return what became of a payment intent's money; None for an unknown id."""
        with self.books() as books:
            scope = books.scope_of(ref)
            intent = books.get(scope, ref) if scope else None
            charge = books.get(scope, intent["latest_charge"]) if scope and intent and intent["latest_charge"] else None
        return _payment(intent, charge) if intent else None

    def payments(self, session_id: str | None = None) -> list[Document]:
        """Return all payment intents of all accounts, oldest first."""
        with self.books() as books:
            found = books.all_of_kind("payment_intent")
        return [intent for intent in found if session_id in {None, intent["metadata"].get(SESSION_KEY)}]

    def reset(self) -> None:
        """Forget everything but the accounts and their keys: objects, keys, faults, delays, the clock."""
        self._store.clear()


def _payment(intent: Document, charge: Document | None) -> TwinPayment:
    return TwinPayment(
        ref=intent["id"],
        status=intent["status"],
        amount=intent["amount"],
        authorized=intent["amount_capturable"] + intent["amount_received"],
        captured=charge["amount_captured"] if charge else 0,
        released=charge[HIDDEN]["released"] if charge else 0,
        refunded=charge["amount_refunded"] if charge else 0,
    )


def _session_of(books: Books, scope: str, event: Document) -> str | None:
    subject = event["data"]["object"]
    if subject["object"] != "payment_intent" and subject.get("payment_intent"):
        subject = books.get(scope, subject["payment_intent"]) or subject
    session_id = (subject.get("metadata") or {}).get(SESSION_KEY)
    return str(session_id) if session_id else None
