"""How a provider is made from its options, and which account it belongs to."""

from collections.abc import Mapping
from typing import Any

from medusa_payments.testing.conformance.bench import Fault
from medusa_payments.testing.conformance.desk import ALIAS, Desk, outcome
from medusa_payments.testing.conformance.expectations import describe, expect, is_text
from medusa_payments.testing.conformance.needs import accounts, faults, hook, secrets
from medusa_payments.testing.conformance.rules import NotApplicable, rule

_CANARY = "canary-4f9c1d27"

_LONGEST_ACCOUNT = 255


@rule(
    "CON-01",
    "A provider is made from its alias and its options, as often as there are processes.",
    change="Call `super().__init__(alias, options)`; keep no state in the class.",
    stake="Every web process and the worker make their own instance; one that only works once strands payments.",
)
def is_made_repeatedly(desk: Desk) -> None:
    other = desk.make()
    expect(other is not desk.provider, "two calls of the class returned one object")
    expect(other.alias == ALIAS == desk.provider.alias, f"the alias became {describe(other.alias)}")


@rule(
    "CON-02",
    "An unknown option is refused with `ValueError` or `TypeError`, which names the option and never its value.",
    change="Compare the keys of `options` with those you know; put names into the message, no values.",
    stake="A misspelt `webhook_secret` would go unnoticed until webhooks fail; a value in a log may be a secret key.",
)
def refuses_unknown_options(desk: Desk) -> None:
    _expect_refused(desk, {**desk.bench.options(), "surprising_option": _CANARY}, "surprising_option", [_CANARY])


@rule(
    "CON-03",
    "A missing or wrong option is refused when the provider is made, naming the option and never its value.",
    change="Check options in `__init__` and raise `ValueError` with the option's name.",
    stake="What is found out at the first payment has already cost a customer.",
    needs=[hook("wrong_options")],
)
def refuses_wrong_options(desk: Desk) -> None:
    wrong = desk.bench.wrong_options()
    if not wrong:
        raise NotApplicable("it has no options that could be wrong")
    for name, options in wrong.items():
        _expect_refused(desk, options, name, desk.secrets())


@rule(
    "CON-04",
    "Neither `repr()` nor `str()` of a provider shows a secret.",
    change="Leave `__repr__` to `object`, or keep secrets in an object whose `__repr__` redacts them.",
    stake="Error reports print local variables: a secret key would end in the hands of who reads logs.",
    needs=[secrets],
)
def shows_no_secrets(desk: Desk) -> None:
    shown = f"{desk.provider!r} {desk.provider}"
    expect(not any(secret in shown for secret in desk.secrets()), "a secret option stands in repr() or str()")


@rule(
    "CON-05",
    "Making a provider calls nobody.",
    change="Open connections at the first call, not in `__init__`.",
    stake="The app would not start, and `manage.py check` would fail, whenever the service is down.",
    needs=[faults],
)
def is_made_without_network(desk: Desk) -> None:
    with desk.bench.fault(Fault.UNREACHABLE, "initiate"):
        made = outcome(desk.make)
    expect(not isinstance(made, Exception), f"with the service unreachable: {describe(made)}")


@rule(
    "ACC-01",
    "`account` is the same non-empty text at every read and in every instance, and holds no secret.",
    change="Derive it from what identifies the account (its id, or a hash of the key), not from the instance.",
    stake="The account says which provider holds a payment. One that changes makes every payment untouchable.",
)
def has_one_account(desk: Desk) -> None:
    account = desk.provider.account
    expect(
        is_text(account, most=_LONGEST_ACCOUNT),
        f"the account is {describe(account)}; expected 1 to {_LONGEST_ACCOUNT} characters",
    )
    expect(desk.provider.account == account, "two reads of one instance differ")
    expect(desk.make().account == account, "two instances with the same options differ")
    expect(not any(secret in account for secret in desk.secrets()), "the account shows a secret option")


@rule(
    "ACC-02",
    "Two accounts at the provider have two values of `account`.",
    change="Derive `account` from the options, not from the class.",
    stake="A payment of one account would be captured or refunded with the keys of another.",
    needs=[accounts],
)
def tells_accounts_apart(desk: Desk) -> None:
    other = desk.bench.backend(ALIAS, desk.bench.other_options())
    expect(other.account != desk.provider.account, f"both are {describe(other.account)}")


def _expect_refused(desk: Desk, options: Mapping[str, Any], name: str, hidden: list[str]) -> None:
    error = outcome(lambda: desk.bench.backend(ALIAS, dict(options)))
    expect(
        isinstance(error, ValueError | TypeError),
        f"with the option {name} wrong: {type(error).__name__}; expected ValueError or TypeError",
    )
    expect(name in str(error), f"the message doesn't name the option {name}")
    expect(not any(secret in str(error) for secret in hidden), f"the message about {name} shows an option's value")
