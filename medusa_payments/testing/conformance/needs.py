"""What a rule may need: a capability of the provider, a customer, or a hook of the bench."""

from typing import TYPE_CHECKING

from medusa_payments.testing.conformance.bench import Customer
from medusa_payments.testing.conformance.rules import Need, NotApplicable, NotChecked

if TYPE_CHECKING:
    from medusa_payments.testing.conformance.desk import Desk


def capability(name: str) -> Need:
    """The rule is for providers that declare a capability."""

    def need(desk: "Desk") -> None:
        if not getattr(desk.provider.capabilities, name):
            raise NotApplicable(f"it doesn't declare {name}")

    return need


def hook(name: str) -> Need:
    """The rule can only be seen through an optional hook of the bench."""

    def need(desk: "Desk") -> None:
        if not desk.bench.offers(name):
            raise NotChecked(f"the bench has no {name}()")

    return need


def faults(desk: "Desk") -> None:
    """The rule is about what can go wrong on the way to a service."""
    if desk.provider.capabilities.is_local:
        raise NotApplicable("nothing of it leaves the process")
    hook("fault")(desk)


def slow_refunds(desk: "Desk") -> None:
    """The rule is about refunds whose outcome follows later."""
    if not desk.bench.has_slow_refunds:
        raise NotApplicable("the outcome of its refunds is always known at once")
    hook("slow_refunds")(desk)
    hook("settle_refund")(desk)


def saved_methods(desk: "Desk") -> None:
    """The rule is about paying with a saved method."""
    capability("has_saved_methods")(desk)
    if not desk.bench.pays_with_saved_methods:
        raise NotApplicable("what is saved can't be paid with by itself")
    hook("save_method")(desk)


def actions(desk: "Desk") -> None:
    """The rule is about the time before a customer acts."""
    if not desk.bench.offers("act"):
        raise NotApplicable("it authorizes by itself, without a customer's doing")


def accounts(desk: "Desk") -> None:
    """The rule is about more than one account."""
    if not desk.bench.options():
        raise NotApplicable("it has no options that could tell accounts apart")
    hook("other_options")(desk)


def customer(wanted: Customer) -> Need:
    """The rule is about what one kind of customer does."""

    def need(desk: "Desk") -> None:
        if wanted in desk.bench.never:
            raise NotApplicable(f"it never happens that a customer {wanted.replace('_', ' ')}")
        if wanted not in desk.bench.customers:
            raise NotChecked(f"the bench plays no customer who {wanted.replace('_', ' ')}")

    return need


def counted(desk: "Desk") -> None:
    """The rule is about limits, which only a provider with books of its own can keep."""
    if not desk.bench.keeps_books:
        raise NotApplicable("nobody counts money behind it: the limits are the ledger's alone")


def books(desk: "Desk") -> None:
    """The rule is about what really moved."""
    counted(desk)
    hook("books")(desk)


def secrets(desk: "Desk") -> None:
    """The rule is about secrets in the options."""
    if not desk.secrets():
        raise NotApplicable("it has no secret options")


def allow_list(desk: "Desk") -> None:
    """The rule is for providers that take some keys of a storefront's data only."""
    if desk.provider.client_data_keys is None:
        raise NotApplicable("it takes any data and makes no use of it")


AUTHORIZES = customer(Customer.AUTHORIZES)
PARTIAL_CAPTURE = capability("supports_partial_capture")
MULTIPLE_CAPTURES = capability("supports_multiple_captures")
PARTIAL_REFUND = capability("supports_partial_refund")
RETRIEVE = capability("can_retrieve")
WEBHOOKS = capability("has_webhooks")
UPDATES = capability("supports_update")


def signed_webhooks(desk: "Desk") -> None:
    """The rule is about webhooks that the provider signs."""
    WEBHOOKS(desk)
    if desk.provider.capabilities.has_unsigned_webhooks:
        raise NotApplicable("nobody signs its webhooks: they are only hints to look")
