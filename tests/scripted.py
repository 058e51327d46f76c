"""Providers that say what a test wants them to say, and what is done with their answers."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import OperationalError
from django.db.models import F

from medusa_payments.core.books import evidence
from medusa_payments.core.books.evidence import Outcome
from medusa_payments.core.saga.settling import changing
from medusa_payments.models import AccountHolder, Operation, PaymentSession, RefundReason
from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderDeclined, ProviderOutcomeUnknown, ProviderUnavailable
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.system import SystemProvider
from medusa_payments.providers.types import Capabilities, CaptureResult, SessionResult
from medusa_payments.services import payment_sessions
from medusa_payments.testing.fake_provider import FakeProvider

Moved = Callable[[str], list[int]]
Verb = Callable[[Any], Any]
Script = dict[str, Callable[[Any, Verb], Any]]
SECOND = "pp_second_fake"
DATABASE_IS_GONE = OperationalError("server closed the connection unexpectedly")


class Scripted(FakeProvider):
    """A fake provider whose verbs a test can replace; `call` is the verb as it would have been."""

    script: Script = {}
    step = 1

    def amount_step(self, currency_code: str) -> int:
        return type(self).step

    def _call(self, verb: Any, request: Any, result_type: Any) -> Any:
        call: Verb = lambda sent: super(Scripted, self)._call(verb, sent, result_type)  # noqa: E731
        return type(self).script.get(verb, lambda sent, call: call(sent))(request, call)

    def retrieve(self, request: Any) -> Any:
        """As the verbs, by the name `retrieve`."""
        return type(self).script.get("retrieve", lambda sent, call: call(sent))(request, super().retrieve)


class Purse(SystemProvider):
    """A provider of the shop's own, whose books are tables in the shop's database."""

    def authorize(self, request: Any) -> SessionResult:
        RefundReason.objects.create(label="taken", code="taken", live_code="taken")
        raise ProviderDeclined("Not enough in it.")

    def capture(self, request: Any) -> CaptureResult:
        with suppress(RefundReason.DoesNotExist):
            RefundReason.objects.get(pk="refr_x")
        RefundReason.objects.create(pk="refr_1", label="a", code="a")
        RefundReason.objects.create(pk="refr_1", label="a", code="a")
        return super().capture(request)


class Forgetful(Scripted):
    """Remembers nothing: what is unknown can never be sent again."""

    capabilities = Capabilities(key_window_seconds=0)


class Blind(Scripted):
    """Can't be asked what it has."""

    capabilities = Capabilities(key_window_seconds=24 * 60 * 60)


class Keyless(Scripted):
    """Tells what it has, but not which call caused it."""

    capabilities = replace(FakeProvider.capabilities, reports_keys=False)

    def retrieve(self, request: Any) -> Any:
        return without_keys(super().retrieve(request))


class Customerless(Scripted):
    """Keeps no customers."""

    capabilities = replace(FakeProvider.capabilities, has_account_holders=False, has_saved_methods=False)


class Rigid(Scripted):
    """Captures and refunds everything or nothing."""

    capabilities = Capabilities(supports_partial_capture=False, supports_partial_refund=False)


class OneShot(Scripted):
    """Captures once."""

    capabilities = Capabilities(supports_multiple_captures=False)


class CapturesOnce(Scripted):
    """Captures once and lets the rest go, which it tells only when it is asked."""

    capabilities = replace(FakeProvider.capabilities, supports_multiple_captures=False)


def without_keys(found: PaymentSnapshot | None) -> PaymentSnapshot | None:
    return found and replace(
        found,
        captures=tuple(replace(fact, idempotency_key=None) for fact in found.captures),
        refunds=tuple(replace(fact, idempotency_key=None) for fact in found.refunds),
    )


def lost(_: Any, __: Verb) -> Any:
    raise ProviderOutcomeUnknown("Timed out before it was executed.")


def answer_lost(request: Any, call: Verb) -> Any:
    call(request)
    raise ProviderOutcomeUnknown("Timed out after it was executed.")


def captured_for_good(provider: FakeProvider) -> Callable[[Any, Verb], Any]:
    """The last capture: the provider lets the rest go, and doesn't mention it in its answer."""

    def capture(request: Any, call: Verb) -> Any:
        result = call(request)
        provider.dashboard.cancel(request.provider_ref)
        return result

    return capture


def unavailable(_: Any, __: Verb) -> Any:
    raise ProviderUnavailable("Nothing was sent.")


def declined(_: Any, __: Verb) -> Any:
    raise ProviderDeclined("No.")


def changed(**changes: Any) -> Callable[[Any, Verb], Any]:
    return lambda request, call: replace(call(request), **changes)


def euros(minor_units: int) -> Money:
    return Money(minor_units=minor_units, currency_code="eur")


def authorize(session: PaymentSession, **request: Any) -> PaymentSession:
    return payment_sessions.authorize(
        payment_collection_id=session.payment_collection_id, payment_session_id=session.pk, **request
    )


def settle(operation: Operation, outcome: Outcome) -> None:
    with changing(operation.payment_collection_id, include_deleted=True) as book:
        evidence.absorb(book, operation.pk, outcome, fence=operation.fence)


def run_out_holder(holder: AccountHolder) -> None:
    """Let the lease of an account that is being opened run out, and the time in which what was sent may arrive."""
    long_ago = F("created_at") - timedelta(seconds=1)
    AccountHolder.objects.filter(pk=holder.pk).update(lease_expires_at=long_ago, in_flight_until=long_ago)


def run_out(operation: Operation) -> None:
    """Let the lease of an operation run out, and the time in which what was sent may still arrive."""
    long_ago = F("created_at") - timedelta(seconds=1)
    Operation.objects.filter(pk=operation.pk).update(lease_expires_at=long_ago, in_flight_until=long_ago)
