"""What checks say they expect, and how they tell what they saw instead."""

from collections.abc import Callable
from typing import Any

from medusa_payments.money import Money
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.testing.conformance.rules import Violation

_LONGEST_DESCRIPTION = 300


def expect(is_kept: bool, seen: str) -> None:
    """Raise `Violation` with what was seen, unless the rule is kept."""
    if not is_kept:
        raise Violation(seen)


def expect_refusal(call: Callable[[], Any], what: str) -> ProviderError:
    """Expect a call to be refused; return the refusal."""
    try:
        answer = call()
    except (ProviderDeclined, ProviderRejected) as error:
        return error
    except Exception as error:
        raise Violation(f"{what} raised {describe(error)}; expected ProviderRejected") from error
    raise Violation(f"{what} was answered with {describe(answer)}; expected ProviderRejected")


def expect_doubt(answer: Any, result_type: type, what: str) -> None:
    """Expect an answer that is safe when a request may have been executed: the result, or "unknown"."""
    expect(
        isinstance(answer, ProviderOutcomeUnknown | result_type),
        f"{what} ended in {describe(answer)}; expected ProviderOutcomeUnknown",
    )


def expect_no_refusal(answer: Any, result_type: type, what: str) -> None:
    """Expect an answer that isn't read as "nothing moved, and it never will": anything but a refusal or a stranger."""
    expect(
        isinstance(answer, ProviderOutcomeUnknown | ProviderUnavailable | result_type),
        f"{what} ended in {describe(answer)}",
    )


def expect_money(seen: object, wanted: Money, what: str) -> None:
    """Expect exactly an amount in exactly a currency."""
    expect(seen == wanted, f"{what}: {describe(seen)}; expected {wanted}")


def is_text(value: object, *, most: int, least: int = 1) -> bool:
    """Say whether a value is a text of a length that can be stored."""
    return isinstance(value, str) and least <= len(value) <= most


def describe(value: object) -> str:
    """Return a result, or an exception, as a message shows it."""
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"[:_LONGEST_DESCRIPTION]
    return repr(value)[:_LONGEST_DESCRIPTION]
