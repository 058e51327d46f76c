"""Initiate, update and authorize: until the customer has paid, and no further."""

from dataclasses import replace

from medusa_payments.providers.errors import ProviderDeclined
from medusa_payments.providers.types import SessionResult
from medusa_payments.states import SessionStatus
from medusa_payments.testing.conformance.bench import Customer
from medusa_payments.testing.conformance.desk import UNKNOWN_REF, Desk, Sale, outcome, total
from medusa_payments.testing.conformance.expectations import describe, expect, expect_money, expect_refusal, is_text
from medusa_payments.testing.conformance.needs import AUTHORIZES, UPDATES, actions, books, capability, counted, customer
from medusa_payments.testing.conformance.rules import NotApplicable, rule

LONGEST_REFERENCE = 255

_UNDECIDED = frozenset({SessionStatus.PENDING, SessionStatus.REQUIRES_MORE})


@rule(
    "INI-01",
    "Initiate answers with a usable reference, the amount that was asked for, and nothing paid yet.",
    change="Return the service's id of the object (1 to 255 characters), `request.money`, and `pending`.",
    stake="Without the reference the object can't be found again; a paid status would ship goods for nothing.",
)
def initiates(desk: Desk) -> None:
    sale = desk.sale()
    result = desk.initiate(sale)
    expect(isinstance(result, SessionResult), f"answered {describe(result)}")
    expect(is_text(result.provider_ref, most=LONGEST_REFERENCE), f"the reference is {describe(result.provider_ref)}")
    expect_money(result.money, sale.money, "the object is for")
    expect(result.status in _UNDECIDED, f"the status is {result.status} before the customer did anything")


@rule(
    "INI-02",
    "Every session gets an object of its own.",
    change="Create a new object for each new idempotency key; never look one up by amount or customer.",
    stake="One paid object would count for two orders.",
)
def gives_each_session_its_own(desk: Desk) -> None:
    first, second = (desk.initiate(desk.sale()).provider_ref for _ in range(2))
    expect(first != second, f"two sessions got {describe(first)}")


@rule(
    "INI-03",
    "An amount of 0 works where it is declared.",
    change="Accept it, or take `supports_zero_amount` back.",
    stake="A cart paid with a discount alone could never be completed.",
    needs=[capability("supports_zero_amount")],
)
def takes_nothing_for_nothing(desk: Desk) -> None:
    free = desk.on_step(0)
    expect_money(desk.initiate(desk.sale(free)).money, free, "the object is for")


@rule(
    "UPD-01",
    "Update brings the same object to the new amount.",
    change="Send the new amount for `request.provider_ref`, and return what the service has then.",
    stake="A second object lets the customer pay the old price, or both.",
    needs=[UPDATES],
)
def updates_in_place(desk: Desk) -> None:
    sale, more = desk.initiated(), desk.on_step(desk.bench.amount * 12 // 10)
    result = desk.update(sale, more)
    expect(result.provider_ref == sale.ref, f"another object came back: {describe(result.provider_ref)}")
    expect_money(result.money, more, "after the update the object is for")


@rule(
    "UPD-02",
    "Money that is held stays as it was, whatever an update asks for.",
    change="Let the service refuse it, and raise `ProviderObjectGone`.",
    stake="The order would be recorded with another amount than the customer confirmed.",
    needs=[UPDATES, AUTHORIZES, books],
)
def leaves_held_money_alone(desk: Desk) -> None:
    sale = desk.authorized()
    outcome(lambda: desk.update(sale, desk.part(5)))
    held = desk.books(sale).held
    expect(held == sale.money, f"after the update {describe(held)} is held instead of {sale.money}")


@rule(
    "UPD-03",
    "Update takes over the new data: what the customer chose last decides.",
    change="Send what `request.data` holds with the update, too.",
    stake="A customer who was declined and chose another way to pay would be declined again, or charged the old way.",
    needs=[UPDATES, AUTHORIZES, customer(Customer.IS_DECLINED)],
)
def takes_over_new_data(desk: Desk) -> None:
    first, second = desk.sale(customer=Customer.IS_DECLINED), desk.sale()
    if first.data == second.data:
        raise NotApplicable("a storefront's data doesn't decide who is declined")
    declined = desk.initiated(Customer.IS_DECLINED)
    sale = replace(declined, data=second.data)
    desk.update(sale, sale.money)
    desk.bench.act(sale.ref, Customer.AUTHORIZES)
    result = desk.authorize(sale)
    expect(result.status.holds_money, f"with new data the status is {describe(result.status)}")


@rule(
    "AUT-01",
    "A customer who authorizes is answered with `authorized`; exactly the amount is held and nothing captured.",
    change="Translate the service's status one by one; ask it to capture later (manual capture).",
    stake="Money captured before the goods leave has to be given back; money only said to be held is never seen.",
    needs=[AUTHORIZES],
)
def authorizes(desk: Desk) -> None:
    sale = desk.acted(Customer.AUTHORIZES)
    result = desk.authorize(sale)
    expect(result.status is SessionStatus.AUTHORIZED, f"the status is {describe(result.status)}")
    expect_money(result.money, sale.money, "authorized")
    expect(result.provider_ref == sale.ref, f"another object came back: {describe(result.provider_ref)}")
    if desk.bench.offers("books") and desk.bench.keeps_books:
        found = desk.books(sale)
        expect_money(found.held, sale.money, "the service holds")
        expect(not found.captures, f"the service captured {describe(found.captures)}")


@rule(
    "AUT-02",
    "A customer who pays at once is answered with `captured`, and with how much is captured.",
    change="Return the status `captured`, with `captured` set where it isn't the whole amount.",
    stake="Read as held only, it would be captured a second time, or released in vain.",
    needs=[customer(Customer.PAYS)],
)
def tells_what_is_captured_at_once(desk: Desk) -> None:
    sale = desk.acted(Customer.PAYS)
    result = desk.authorize(sale)
    expect(result.status is SessionStatus.CAPTURED, f"the status is {describe(result.status)}")
    expect_money(result.money, sale.money, "paid")
    expect_money(result.captured or result.money, sale.money, "captured")


@rule(
    "AUT-03",
    "A customer who has something left to do is not authorized.",
    change='Translate the service\'s "requires action" to `requires_more`.',
    stake="The shop would ship before the bank has agreed.",
    needs=[customer(Customer.HESITATES)],
)
def waits_for_the_customer(desk: Desk) -> None:
    result = desk.authorize(desk.acted(Customer.HESITATES))
    expect(result.status in _UNDECIDED, f"the status is {describe(result.status)}")


@rule(
    "AUT-04",
    "A declined customer is answered with `ProviderDeclined`, or with a status that holds no money.",
    change="Translate the service's decline; never fall through to a default of success.",
    stake="Goods would be shipped that nobody pays for.",
    needs=[customer(Customer.IS_DECLINED)],
)
def says_that_it_was_declined(desk: Desk) -> None:
    sale = desk.acted(Customer.IS_DECLINED)
    answer = outcome(lambda: desk.authorize(sale))
    expect(
        isinstance(answer, ProviderDeclined)
        or (isinstance(answer, SessionResult) and answer.status in {*_UNDECIDED, SessionStatus.ERROR}),
        f"authorize ended in {describe(answer)}",
    )
    _expect_no_money(desk, sale)


@rule(
    "AUT-05",
    "A customer whose money is under way is answered with `pending_authorization`.",
    change='Translate the service\'s "processing" to `pending_authorization`; say `captured` when it has arrived.',
    stake="The order would be shipped unpaid, or the customer asked to pay again.",
    needs=[customer(Customer.PAYS_LATER)],
)
def says_that_money_is_under_way(desk: Desk) -> None:
    sale = desk.acted(Customer.PAYS_LATER)
    result = desk.authorize(sale)
    expect(result.status is SessionStatus.PENDING_AUTHORIZATION, f"the status is {describe(result.status)}")
    _expect_no_money(desk, sale)


@rule(
    "AUT-06",
    "Authorize believes the service, not the caller: before the customer acted, there is no money.",
    change="Read the object's status from the service inside `authorize`.",
    stake="Anybody could complete a cart by calling the authorize endpoint.",
    needs=[actions],
)
def believes_the_service(desk: Desk) -> None:
    sale = desk.initiated()
    answer = outcome(lambda: desk.authorize(sale))
    is_paid = isinstance(answer, SessionResult) and answer.status.holds_money
    expect(not is_paid, f"authorize answered {describe(answer)} before the customer did anything")


@rule(
    "AUT-07",
    "Authorizing what is authorized, under another key, tells the same and holds nothing more.",
    change="Return the object as it is; authorize it only where it isn't yet.",
    stake="The customer's card would be blocked for twice the amount.",
    needs=[AUTHORIZES],
)
def authorizes_once(desk: Desk) -> None:
    sale = desk.authorized()
    result = desk.authorize(sale)
    expect(result.status is SessionStatus.AUTHORIZED, f"the second time the status is {describe(result.status)}")
    expect_money(result.money, sale.money, "the second time")
    if desk.bench.offers("books"):
        expect_money(desk.books(sale).held, sale.money, "after the second time the service holds")


@rule(
    "AUT-08",
    "An unknown reference is refused.",
    change='Translate the service\'s "not found" to `ProviderRejected`.',
    stake="A made-up payment would count as one.",
    needs=[counted],
)
def refuses_an_unknown_object(desk: Desk) -> None:
    stranger = Sale(money=desk.whole(), data={}, ref=UNKNOWN_REF)
    expect_refusal(lambda: desk.authorize(stranger), "authorize of an unknown reference")


def _expect_no_money(desk: Desk, sale: Sale) -> None:
    if desk.bench.offers("books"):
        found = desk.books(sale)
        expect(found.held is None and not total(found.captures), f"the service has {describe(found)}")
