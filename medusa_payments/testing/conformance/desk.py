"""What every check is done with: the provider on its bench, and shortcuts to a payment in a given state."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Barrier
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.facts import PaymentSnapshot, RetrieveRequest
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CancelResult,
    CaptureRequest,
    CaptureResult,
    InitiateRequest,
    RefundRequest,
    RefundResult,
    SessionResult,
    UpdateRequest,
)
from medusa_payments.states import SessionStatus
from medusa_payments.testing.conformance.bench import Books, Customer, ProviderBench
from medusa_payments.testing.conformance.expectations import describe
from medusa_payments.testing.conformance.rules import Blocked

ALIAS = "pp_conformance_kit"

UNKNOWN_REF = "no-such-payment-object"

THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One payment session: what the core knows of it. `ref` is "" until it was initiated."""

    money: Money
    data: dict[str, Any]
    session_id: str = field(default_factory=lambda: new_id("payses"))
    payment_collection_id: str = field(default_factory=lambda: new_id("pay_col"))
    payment_id: str = field(default_factory=lambda: new_id("pay"))
    ref: str = ""


class Desk:
    """A provider, freshly made on a bench of its own. Every verb gets a new idempotency key unless one is given."""

    def __init__(self, bench: ProviderBench) -> None:
        self.bench = bench
        self.notes: list[str] = []
        self.provider = self.make()

    def make(self) -> PaymentProvider:
        """Return another instance on the same account, as another process would have it."""
        return self.bench.backend(ALIAS, self.bench.options())

    def secrets(self) -> list[str]:
        """Return the values of the secret options."""
        options = self.bench.options()
        return [text for name in sorted(self.bench.secret_options) for text in _texts(options.get(name)) if text]

    def note(self, text: str) -> None:
        """Tell something that breaks no rule, and that the provider's author may want to know."""
        self.notes.append(text)

    @property
    def payer(self) -> Customer:
        """The usual customer of this provider: one who authorizes, where there is one."""
        return Customer.AUTHORIZES if Customer.AUTHORIZES in self.bench.customers else Customer.PAYS

    def whole(self, currency_code: str = "") -> Money:
        """The price of a sale: the bench's amount, on the provider's step."""
        return self.on_step(self.bench.amount, currency_code)

    def part(self, tenths: int) -> Money:
        """Some tenths of the price, on the provider's step."""
        return self.on_step(self.bench.amount * tenths // 10)

    def on_step(self, minor_units: int, currency_code: str = "") -> Money:
        code = currency_code or self.bench.currencies[0]
        step = self.provider.amount_step(code)
        return Money(minor_units=minor_units // step * step, currency_code=code)

    def sale(self, money: Money | None = None, customer: Customer | None = None) -> Sale:
        """A session that isn't initiated yet, by default the usual customer's."""
        data = self.provider.clean_client_data(self.bench.client_data(customer or self.payer))
        return Sale(money=money or self.whole(), data=data)

    def initiate(self, sale: Sale, key: str = "", *, account_holder_ref: str | None = None) -> SessionResult:
        """Make a sale's object; for an account holder, one who isn't there to confirm anything."""
        request = InitiateRequest(
            idempotency_key=key or new_key(),
            session_id=sale.session_id,
            payment_collection_id=sale.payment_collection_id,
            money=sale.money,
            data=sale.data,
            account_holder_ref=account_holder_ref,
            is_off_session=account_holder_ref is not None,
        )
        return self.provider.initiate(request)

    def update(self, sale: Sale, money: Money, key: str = "") -> SessionResult:
        request = UpdateRequest(
            idempotency_key=key or new_key(),
            session_id=sale.session_id,
            payment_collection_id=sale.payment_collection_id,
            provider_ref=sale.ref,
            money=money,
            data=sale.data,
        )
        return self.provider.update(request)

    def authorize(self, sale: Sale, key: str = "") -> SessionResult:
        request = AuthorizeRequest(
            idempotency_key=key or new_key(),
            session_id=sale.session_id,
            payment_collection_id=sale.payment_collection_id,
            provider_ref=sale.ref,
            money=sale.money,
        )
        return self.provider.authorize(request)

    def capture(
        self,
        sale: Sale,
        money: Money | None = None,
        key: str = "",
        *,
        is_final: bool | None = None,
        provider: PaymentProvider | None = None,
    ) -> CaptureResult:
        """Capture, by default everything. It is final when it takes the whole, or when it is said to be."""
        wanted = money or sale.money
        request = CaptureRequest(
            idempotency_key=key or new_key(),
            session_id=sale.session_id,
            payment_id=sale.payment_id,
            provider_ref=sale.ref,
            money=wanted,
            is_final=wanted == sale.money if is_final is None else is_final,
        )
        return (provider or self.provider).capture(request)

    def refund(self, sale: Sale, money: Money | None = None, key: str = "") -> RefundResult:
        request = RefundRequest(
            idempotency_key=key or new_key(),
            session_id=sale.session_id,
            payment_id=sale.payment_id,
            provider_ref=sale.ref,
            money=money or sale.money,
        )
        return self.provider.refund(request)

    def cancel(self, sale: Sale, key: str = "") -> CancelResult:
        request = CancelRequest(idempotency_key=key or new_key(), session_id=sale.session_id, provider_ref=sale.ref)
        return self.provider.cancel(request)

    def retrieve(self, sale: Sale) -> PaymentSnapshot | None:
        """Ask for a sale's object: by reference, or by session while it has none."""
        return self.provider.retrieve(RetrieveRequest(session_id=sale.session_id, provider_ref=sale.ref or None))

    def initiated(self, customer: Customer | None = None, money: Money | None = None) -> Sale:
        """A sale whose object exists, and whose customer hasn't done anything yet."""
        with _on_the_way("initiating a payment", "INI-01"):
            sale = self.sale(money, customer)
            result = self.initiate(sale)
            _require(bool(result.provider_ref), result)
            return replace(sale, ref=result.provider_ref)

    def acted(self, customer: Customer, money: Money | None = None) -> Sale:
        """A sale whose customer is done."""
        sale = self.initiated(customer, money)
        self.bench.act(sale.ref, customer)
        return sale

    def authorized(self, money: Money | None = None) -> Sale:
        """A sale whose money is held."""
        return self._paid(Customer.AUTHORIZES, SessionStatus.AUTHORIZED, "AUT-01", money)

    def captured(self, money: Money | None = None) -> Sale:
        """A sale whose money is captured, whole."""
        if self.payer is Customer.PAYS:
            return self._paid(Customer.PAYS, SessionStatus.CAPTURED, "AUT-02", money)
        sale = self.authorized(money)
        with _on_the_way("capturing it", "CAP-01"):
            _require(isinstance(self.capture(sale), CaptureResult), None)
        return sale

    def _paid(self, customer: Customer, status: SessionStatus, rule_id: str, money: Money | None) -> Sale:
        sale = self.acted(customer, money)
        with _on_the_way("authorizing it", rule_id):
            result = self.authorize(sale)
            _require(result.status is status, result)
        return sale

    def books(self, sale: Sale) -> Books:
        """Return what the provider's service really has for a sale."""
        return self.bench.books(sale.session_id)

    def snapshot(self, sale: Sale) -> PaymentSnapshot:
        """Return what the provider tells of a sale."""
        with _on_the_way("retrieving it", "RET-01"):
            found = self.retrieve(sale)
            _require(isinstance(found, PaymentSnapshot), found)
            return found  # type: ignore[return-value]


def new_key() -> str:
    """Return a fresh idempotency key: the id of an operation, as the core sends it."""
    return new_id("payop")


def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make calls at the same moment, each in a thread; return their results, or what they raised."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return outcome(call)

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def outcome(call: Callable[[], Any]) -> Any:
    """Return a call's result, or the exception that it raised."""
    try:
        return call()
    except Exception as error:
        return error


def total(monies: Iterable[Money]) -> int:
    """Return a sum in minor units."""
    return sum(money.minor_units for money in monies)


@contextmanager
def _on_the_way(what: str, rule_id: str) -> Iterator[None]:
    try:
        yield
    except Blocked as error:
        raise Blocked(f"{what} answered {error}; see {rule_id}") from None
    except Exception as error:
        raise Blocked(f"{what} raised {describe(error)}; see {rule_id}") from error


def _require(is_as_expected: bool, result: object) -> None:
    if not is_as_expected:
        raise Blocked(describe(result))


def _texts(option: Any) -> Iterator[str]:
    if isinstance(option, list | tuple | set | frozenset):
        for element in option:
            yield from _texts(element)
    elif option is not None:
        yield str(option)
