"""Customers that the provider keeps, the payment methods that it keeps for them, and their disputes."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.providers.account_holders import (
    AccountHolderResult,
    CreateAccountHolderRequest,
    DeleteAccountHolderRequest,
    DeletePaymentMethodRequest,
    FindAccountHolderRequest,
    SavePaymentMethodRequest,
    SavePaymentMethodResult,
)
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.types import SessionResult
from medusa_payments.states import SessionStatus
from medusa_payments.testing.conformance.desk import THREADS, Desk, Sale, new_key, outcome, together
from medusa_payments.testing.conformance.expectations import describe, expect
from medusa_payments.testing.conformance.needs import RETRIEVE, capability, hook, saved_methods
from medusa_payments.testing.conformance.rules import rule

_HOLDERS = capability("has_account_holders")
_METHODS = capability("has_saved_methods")

_UNPAID = {SessionStatus.PENDING, SessionStatus.REQUIRES_MORE, SessionStatus.ERROR}

_CARD_NUMBER = re.compile(r"\d(?:[ -]?\d){11,18}")


@rule(
    "HOL-01",
    "One key opens one account for a customer, whoever asks how often.",
    change="Send the idempotency key; write `account_holder_id` into the metadata.",
    stake="With two accounts a customer's saved cards are in the one that isn't used.",
    needs=[_HOLDERS],
)
def opens_one_account(desk: Desk) -> None:
    request = _create_request()
    answers = together([lambda: desk.provider.create_account_holder(request)] * THREADS)
    refs = {answer.account_holder_ref for answer in answers if isinstance(answer, AccountHolderResult)}
    expect(len(refs) == 1, f"{THREADS} calls under one key opened {len(refs)} accounts")
    again = desk.provider.create_account_holder(request)
    expect(again.account_holder_ref in refs, "another call under the key opened another account")


@rule(
    "HOL-02",
    "An account is found by the id of our row; one that was never opened is None.",
    change="Search the metadata for `account_holder_id`.",
    stake="An account whose answer was lost would be opened a second time.",
    needs=[_HOLDERS],
)
def finds_accounts(desk: Desk) -> None:
    request = _create_request()
    ref = desk.provider.create_account_holder(request).account_holder_ref
    wanted = FindAccountHolderRequest(account_holder_id=request.account_holder_id, email=request.email)
    found = desk.provider.find_account_holder(wanted)
    expect(found is not None and found.account_holder_ref == ref, f"found {describe(found)}; opened was {ref}")
    stranger = FindAccountHolderRequest(account_holder_id=new_id("acchld"), email=request.email)
    nothing = desk.provider.find_account_holder(stranger)
    expect(nothing is None, f"for a row that has no account: {describe(nothing)}")


@rule(
    "HOL-03",
    "A closed account is gone; closing it again is no error.",
    change='Delete the customer at the service; treat "already gone" as done.',
    stake="A customer who asked to be forgotten could still be charged.",
    needs=[_HOLDERS],
)
def closes_accounts(desk: Desk) -> None:
    request = _create_request()
    ref = desk.provider.create_account_holder(request).account_holder_ref
    for attempt in ("the first", "the second"):
        closing = DeleteAccountHolderRequest(idempotency_key=new_key(), account_holder_ref=ref)
        answer = outcome(partial(desk.provider.delete_account_holder, closing))
        expect(answer is None, f"{attempt} closing ended in {describe(answer)}")
    wanted = FindAccountHolderRequest(account_holder_id=request.account_holder_id, email=request.email)
    found = desk.provider.find_account_holder(wanted)
    expect(found is None, f"after closing it is found: {describe(found)}")


@rule(
    "SAV-01",
    "A customer's own saved payment methods are listed, without a card number.",
    change="List by the account holder; show brand, last four digits and expiry only.",
    stake="A customer would see, or pay with, somebody else's card.",
    needs=[_METHODS, hook("save_method")],
)
def lists_own_methods(desk: Desk) -> None:
    holder, other = _open(desk), _open(desk)
    saved = desk.bench.save_method(holder)
    listed = desk.provider.list_payment_methods(holder)
    expect([method.payment_method_ref for method in listed] == [saved], f"listed {describe(listed)}")
    expect(not _CARD_NUMBER.search(_shown([method.data for method in listed])), "data holds a card number")
    expect(not desk.provider.list_payment_methods(other), "another customer has it, too")


@rule(
    "SAV-02",
    "A saved method is deleted for its own customer only, and once is enough.",
    change='Compare the method\'s customer before deleting; treat "already gone" as done.',
    stake="Anybody could delete anybody's card by its reference.",
    needs=[_METHODS, hook("save_method")],
)
def deletes_own_methods(desk: Desk) -> None:
    holder, other = _open(desk), _open(desk)
    saved = desk.bench.save_method(holder)
    stolen = outcome(lambda: desk.provider.delete_payment_method(_delete_request(other, saved)))
    expect(isinstance(stolen, ProviderRejected), f"deleting another customer's method ended in {describe(stolen)}")
    expect(bool(desk.provider.list_payment_methods(holder)), "another customer has deleted it")
    for attempt in ("the first", "the second"):
        answer = outcome(partial(desk.provider.delete_payment_method, _delete_request(holder, saved)))
        expect(answer is None, f"{attempt} deletion ended in {describe(answer)}")
    expect(not desk.provider.list_payment_methods(holder), "it is listed still")


@rule(
    "SAV-03",
    "Saving a method begins with what the browser needs, and shows no secret option.",
    change="Return the reference of the attempt, and its client secret as public data.",
    stake="`data` goes to the customer's browser as it is.",
    needs=[_METHODS],
)
def begins_to_save(desk: Desk) -> None:
    request = SavePaymentMethodRequest(idempotency_key=new_key(), account_holder_ref=_open(desk))
    result = desk.provider.save_payment_method(request)
    expect(type(result) is SavePaymentMethodResult and bool(result.ref), f"answered {describe(result)}")
    shown = _shown(result.data)
    expect(not any(secret in shown for secret in desk.secrets()), "a secret option stands in data")
    again = desk.provider.save_payment_method(request)
    expect(again.ref == result.ref, "the same key began a second attempt")


@rule(
    "SAV-04",
    "A saved method pays for its own customer, who isn't there to confirm anything.",
    change='Pay with `data["payment_method"]` when `is_off_session` is set, at the latest in `authorize`.',
    stake="Subscriptions and reorders are delivered and never paid.",
    needs=[saved_methods],
)
def pays_with_a_saved_method(desk: Desk) -> None:
    holder = _open(desk)
    sale = _sale_with(desk, desk.bench.save_method(holder))
    made = desk.initiate(sale, account_holder_ref=holder)
    result = desk.authorize(replace(sale, ref=made.provider_ref))
    is_paid = result.status.holds_money or result.status is SessionStatus.PENDING_AUTHORIZATION
    expect(is_paid, f"the status is {describe(result.status)}")
    expect(result.money == sale.money, f"{result.money} instead of {sale.money}")


@rule(
    "SAV-05",
    "A saved method never pays for another customer.",
    change="Send the account holder with the method, so that the service compares them.",
    stake="Whoever learns of a reference shops with somebody else's card.",
    needs=[saved_methods],
)
def pays_for_nobody_else(desk: Desk) -> None:
    owner, thief = _open(desk), _open(desk)
    sale = _sale_with(desk, desk.bench.save_method(owner))
    answer = outcome(lambda: desk.initiate(sale, account_holder_ref=thief))
    if isinstance(answer, SessionResult):
        ref = answer.provider_ref
        answer = outcome(lambda: desk.authorize(replace(sale, ref=ref)))
    is_paid = isinstance(answer, SessionResult) and answer.status not in _UNPAID
    expect(not is_paid, f"another customer's method was answered with {describe(answer)}")


@rule(
    "DIS-01",
    "A dispute is told in the snapshot, and is no refund.",
    change="List disputes with their reference, amount and state; leave captures and refunds as they are.",
    stake="A shop that refunds what is disputed loses the money twice.",
    needs=[capability("has_disputes"), RETRIEVE, hook("dispute")],
)
def tells_disputes(desk: Desk) -> None:
    sale = desk.captured()
    ref = desk.bench.dispute(sale.ref)
    found = desk.snapshot(sale)
    expect([fact.dispute_ref for fact in found.disputes] == [ref], f"disputes are {describe(found.disputes)}")
    is_fit = 0 < found.disputes[0].money.minor_units <= sale.money.minor_units
    expect(is_fit, f"{found.disputes[0].money} of {sale.money} are disputed")
    expect(not found.refunds and found.captured == sale.money, "captures or refunds have changed by it")


def _sale_with(desk: Desk, method: str) -> Sale:
    return Sale(money=desk.whole(), data=desk.provider.clean_client_data({"payment_method": method}))


def _create_request() -> CreateAccountHolderRequest:
    return CreateAccountHolderRequest(
        idempotency_key=new_key(),
        account_holder_id=new_id("acchld"),
        customer_id=new_id("cus"),
        email="customer@example.com",
    )


def _open(desk: Desk) -> str:
    return desk.provider.create_account_holder(_create_request()).account_holder_ref


def _delete_request(holder: str, method: str) -> DeletePaymentMethodRequest:
    return DeletePaymentMethodRequest(idempotency_key=new_key(), account_holder_ref=holder, payment_method_ref=method)


def _shown(data: Any) -> str:
    return repr(data)
