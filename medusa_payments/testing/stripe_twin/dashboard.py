"""Stripe's dashboard, and the world outside: what happens to payments without the shop having asked.

Amounts are minor units. Everything raises `LookupError` for an unknown id, and `StripeTwinError` for what is refused or
declined; what a declined payment leaves stays.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from medusa_payments.testing.stripe_twin import attempts, captures, disputes, refunds, setup_intents
from medusa_payments.testing.stripe_twin.accounts import account_of_scope
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.call import Call
from medusa_payments.testing.stripe_twin.errors import StripeTwinError
from medusa_payments.testing.stripe_twin.store import Store
from medusa_payments.testing.stripe_twin.wire import Document


class Dashboard:
    """Acts on objects by their ids, whoever's they are."""

    def __init__(self, store: Store, base_url: str) -> None:
        self._store = store
        self._base_url = base_url

    def capture(self, intent_id: str, amount: int | None = None, *, is_final: bool = True) -> None:
        """Somebody captures by hand, all that is held or less."""
        with self._acting_on(intent_id) as (call, intent):
            params = {} if amount is None else {"amount_to_capture": amount}
            captures.capture(call, params if is_final else {**params, "final_capture": False}, intent["id"])

    def refund(self, intent_id: str, amount: int | None = None) -> str:
        """Somebody refunds by hand; returns the refund's id."""
        with self._acting_on(intent_id) as (call, intent):
            params = {} if amount is None else {"amount": amount}
            return str(refunds.create(call, {**params, "payment_intent": intent["id"]})["id"])

    def cancel(self, intent_id: str) -> None:
        with self._acting_on(intent_id) as (call, intent):
            captures.cancel(call, {}, intent["id"])

    def expire(self, intent_id: str) -> None:
        """The customer's bank holds the money no longer."""
        with self._acting_on(intent_id) as (call, intent):
            captures.expire(call, intent)

    def authenticate(self, intent_id: str, *, is_successful: bool = True) -> None:
        """The customer finishes, or refuses, what a payment or setup intent waits for."""
        with self._acting_on(intent_id) as (call, intent):
            kind = attempts if intent["object"] == "payment_intent" else setup_intents
            kind.finish_action(call, intent, is_successful=is_successful)

    def pay(self, intent_id: str, payment_method: str = "pm_card_visa") -> None:
        """The customer confirms in the browser, with a test payment method."""
        with self._acting_on(intent_id) as (call, intent):
            params = {"payment_method": payment_method, "return_url": f"{self._base_url}/"}
            attempts.confirm_intent(call, intent, params, is_in_browser=True)

    def settle(self, intent_id: str, *, is_successful: bool = True) -> None:
        """The bank decides about a delayed payment; a voucher is paid or expires."""
        with self._acting_on(intent_id) as (call, intent):
            attempts.settle(call, intent, is_successful=is_successful)

    def settle_refund(self, refund_id: str, *, is_successful: bool = True) -> None:
        """The bank decides about a refund, perhaps long after it was made."""
        with self._acting_on(refund_id) as (call, refund):
            (refunds.settle if is_successful else refunds.fail)(call, refund)

    def dispute(
        self, intent_id: str, amount: int | None = None, *, reason: str = "fraudulent", is_inquiry: bool = False
    ) -> str:
        """The customer disputes a payment at the bank; returns the dispute's id."""
        with self._acting_on(intent_id) as (call, intent):
            charge = call.get("charge", intent["latest_charge"])
            disputed = charge["amount_captured"] if amount is None else amount
            return str(disputes.begin(call, charge, disputed, reason=reason, is_inquiry=is_inquiry)["id"])

    def answer_dispute(self, dispute_id: str) -> None:
        """Somebody hands evidence in; the bank looks at it."""
        with self._acting_on(dispute_id) as (call, dispute):
            disputes.update(call, {"evidence": {}, "submit": True}, dispute["id"])

    def close_dispute(self, dispute_id: str, status: str) -> None:
        """The bank decides: `won`, `lost`, or for an inquiry `warning_closed`."""
        with self._acting_on(dispute_id) as (call, dispute):
            disputes.conclude(call, dispute, status)

    def appeal_dispute(self, dispute_id: str) -> None:
        """Somebody takes up a dispute that was lost."""
        with self._acting_on(dispute_id) as (call, dispute):
            disputes.appeal(call, dispute)

    def escalate_dispute(self, dispute_id: str) -> None:
        """What was an inquiry becomes a dispute: the bank takes the money back."""
        with self._acting_on(dispute_id) as (call, dispute):
            disputes.escalate(call, dispute)

    def tell(self, event_type: str, object_id: str) -> None:
        """Make an event about an object as it is, also of a type that nothing here leads to."""
        with self._acting_on(object_id) as (call, document):
            call.tell(event_type, document)

    def get(self, object_id: str) -> Document:
        """Return an object as the twin has it, with what it hides."""
        with self._acting_on(object_id) as (_, document):
            return document

    @contextmanager
    def _acting_on(self, object_id: str) -> Iterator[tuple[Call, Document]]:
        """What was declined is raised, and stays written."""
        declined: StripeTwinError | None = None
        with self._store.transaction() as connection:
            books = Books(connection)
            scope = books.scope_of(object_id)
            document = books.get(scope, object_id) if scope is not None else None
            if scope is None or document is None:
                raise LookupError(object_id)
            account = account_of_scope(books, scope)
            try:
                yield Call(books=books, account=account, now=int(books.now()), base_url=self._base_url), document
            except StripeTwinError as error:
                if not error.keeps_effects:
                    raise
                declined = error
        if declined is not None:
            raise declined
