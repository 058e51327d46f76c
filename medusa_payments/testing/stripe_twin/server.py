"""One request in, one answer out, on a store; no socket."""

import os
import time
from dataclasses import dataclass

from medusa_payments.providers.stripe.client import API_VERSION
from medusa_payments.testing.stripe_twin import browser, faults, idempotency
from medusa_payments.testing.stripe_twin.accounts import Account, account_of_key
from medusa_payments.testing.stripe_twin.answers import expanded
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.call import Call, new_id, shown
from medusa_payments.testing.stripe_twin.endpoints import Endpoint, check_simulated, endpoint_of
from medusa_payments.testing.stripe_twin.errors import (
    StripeTwinError,
    lock_timeout,
    malformed,
    rate_limited,
    server_error,
)
from medusa_payments.testing.stripe_twin.faults import WITHOUT_EXECUTION, ConnectionLost, Fault, Planned
from medusa_payments.testing.stripe_twin.idempotency import KeyUse
from medusa_payments.testing.stripe_twin.params import SPOKEN, read
from medusa_payments.testing.stripe_twin.store import Store
from medusa_payments.testing.stripe_twin.time_passes import pass_time
from medusa_payments.testing.stripe_twin.wire import Document, TwinRequest, TwinResponse

KILLED = 137
"""The exit status of a process that was killed."""

_LONGEST_EXECUTION = 5
"""After so many seconds a request is taken for dead, and its key is free for the next."""

_CRASHES = frozenset({Fault.CRASH_BEFORE, Fault.CRASH_AFTER})
_LOST = frozenset({Fault.TIMEOUT_AFTER, Fault.RESET_AFTER})
_TOO_MANY = {Fault.RATE_LIMITED: rate_limited, Fault.LOCK_TIMEOUT: lock_timeout}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A request that was understood: where it goes, whose it is, and what will go wrong with it."""

    request: TwinRequest
    endpoint: Endpoint
    ids: dict[str, str]
    account: Account
    use: KeyUse | None
    planned: Planned | None
    request_id: str

    @property
    def fault(self) -> Fault | None:
        return self.planned.fault if self.planned else None


def handle(store: Store, request: TwinRequest) -> TwinResponse:
    """Carry out a request. Raises `ConnectionLost` when it was told not to answer; may kill the process if told so."""
    request_id = new_id("req")
    try:
        task = _understood(store, request, request_id)
        response = _carried_out(store, task)
    except StripeTwinError as error:
        response = error.response(request_id)
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    if "idempotency-key" in request.headers:
        headers["Idempotency-Key"] = request.headers["idempotency-key"]
    if response.status >= 500:
        # As at Stripe: the same answer would come again.
        headers["Stripe-Should-Retry"] = "false"
    return TwinResponse(status=response.status, body=response.body, headers={**headers, **response.headers})


def _understood(store: Store, request: TwinRequest, request_id: str) -> _Task:
    with store.transaction() as connection:
        books = Books(connection)
        pass_time(books, base_url=request.base_url)
        account = account_of_key(books, request.key)
        endpoint, ids = endpoint_of(request.method, request.path)
        version = request.headers.get("stripe-version", API_VERSION)
        if version not in SPOKEN:
            spoken = ", ".join(sorted(SPOKEN))
            raise malformed(f"The twin speaks version {spoken} only, not {version}.", param="Stripe-Version")
        if "stripe-account" in request.headers:
            raise malformed("The twin doesn't simulate connected accounts.", param="Stripe-Account")
        return _Task(
            request=request,
            endpoint=endpoint,
            ids=ids,
            account=account,
            use=idempotency.key_use(account.scope, request, request_id),
            planned=faults.take(books, endpoint.name, request.headers.get("idempotency-key", "")),
            request_id=request_id,
        )


def _carried_out(store: Store, task: _Task) -> TwinResponse:
    if task.fault in WITHOUT_EXECUTION:
        _lose(task.fault)
    if task.fault in _TOO_MANY:
        raise _TOO_MANY[task.fault]()
    seconds = task.planned.milliseconds / 1000 if task.planned and task.fault is Fault.DELAY else 0
    response = _begun(store, task, seconds=seconds)
    time.sleep(seconds)
    if response is None:
        with store.transaction() as connection:
            response = _answer(Books(connection), task)
    if task.fault is Fault.CRASH_AFTER or task.fault in _LOST:
        _lose(task.fault)
    return response


def _lose(fault: Fault | None) -> None:
    assert fault is not None
    if fault in _CRASHES:
        os._exit(KILLED)
    raise ConnectionLost(fault)


def _begun(store: Store, task: _Task, *, seconds: float) -> TwinResponse | None:
    """Return the answer that a request's key has already; else keep the key from others while it is executed."""
    if task.use is None:
        return None
    with store.transaction() as connection:
        books = Books(connection)
        earlier = idempotency.earlier_answer(books, task.use)
        if earlier is None:
            idempotency.occupy(books, task.use, seconds=seconds + _LONGEST_EXECUTION)
    return earlier


def _answer(books: Books, task: _Task) -> TwinResponse:
    earlier = idempotency.earlier_answer(books, task.use) if task.use else None
    if earlier is not None:
        return earlier
    books.connection.execute("SAVEPOINT execution")
    is_remembered = True
    try:
        if task.fault is Fault.ERROR_BEFORE:
            raise server_error()
        response = TwinResponse(status=200, body=shown(_execute(books, task)))
    except StripeTwinError as error:
        if not error.keeps_effects:
            books.connection.execute("ROLLBACK TO execution")
        response = error.response(task.request_id)
        is_remembered = error.is_remembered
    if task.fault is Fault.ERROR_AFTER:
        response = server_error().response(task.request_id)
    books.connection.execute("RELEASE execution")
    if task.use is not None and is_remembered:
        idempotency.remember(books, task.use, response)
    elif task.use is not None:
        idempotency.free(books, task.use)
    return response


def _execute(books: Books, task: _Task) -> Document:
    call = Call(
        books=books,
        account=task.account,
        now=int(books.now()),
        base_url=task.request.base_url,
        idempotency_key=task.use.key if task.use else "",
        request_id=task.request_id,
    )
    form = dict(task.request.form)
    if task.account.is_publishable:
        return browser.answer(call, task.endpoint, form, task.ids.get("intent", ""))
    params = read(task.endpoint.definition, form)
    check_simulated(params)
    answer = task.endpoint.handler(call, params, **task.ids)
    return expanded(call, answer, params.get("expand", []))
