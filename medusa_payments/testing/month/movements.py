"""Money that moves in a story: lines, counters, events, and the provider's movements. Amounts are minor units."""

from datetime import timedelta
from typing import Any

from medusa_payments.states import DisputeState, OperationKind, OperationStatus, SessionStatus
from medusa_payments.testing.fake_ledger import FakeDispute, FakeMovement
from medusa_payments.testing.month.story import BY_PROVIDER, Attempt, Ending, Story

CLERKS = ("1", "2", "3")

_IN_FLIGHT = {
    OperationKind.CAPTURE: "capturing_amount",
    OperationKind.REFUND: "refunding_amount",
    OperationKind.CANCEL: "releasing_amount",
}


def capture(story: Story, attempt: Attempt, amount: int, ending: Ending = Ending.SUCCEEDED) -> None:
    """Staff capture a part or all of a payment."""
    operation = _reserve(story, attempt, OperationKind.CAPTURE, amount, ending)
    ref = story.writer.token("fake_capt")
    if ending.is_executed:
        _captured_there(attempt, amount, ref, operation.pk)
    if ending is Ending.SUCCEEDED:
        _book_capture(story, attempt, amount, operation=operation, ref=ref)


def capture_at_once(story: Story, attempt: Attempt) -> None:
    """The answer that authorized a payment says that it is captured, too: no capture of ours, no reference."""
    operation, amount = attempt.authorized_by, attempt.payment.amount
    _captured_there(attempt, amount, story.writer.token("fake_capt"), operation.pk)
    _book_capture(story, attempt, amount, operation=operation, ref=None)


def capture_at_provider(story: Story, attempt: Attempt, amount: int) -> None:
    """Somebody captures at the provider's dashboard, and its webhook tells."""
    story.pass_time(600)
    ref = story.writer.token("fake_capt")
    _captured_there(attempt, amount, ref, "")
    _book_capture(story, attempt, amount, operation=None, ref=ref)


def refund(
    story: Story, attempt: Attempt, amount: int, ending: Ending = Ending.SUCCEEDED, *, reason_id: str | None = None
) -> Any:
    """Staff give a part or all back; return the refund, None without one (yet)."""
    line_id = story.writer.new_id("ref", story.now)
    ref = None if story.side.is_local else story.writer.token("fake_ref")
    operation = _reserve(
        story,
        attempt,
        OperationKind.REFUND,
        amount,
        ending,
        line_id=line_id,
        line_ref=ref if ending is Ending.ACCEPTED else None,
        refund_reason_id=reason_id,
    )
    operation.intent = {"refund_reason_id": reason_id, "note": None}
    if ending.is_executed:
        state = "pending" if ending is Ending.ACCEPTED else "succeeded"
        _refunded_there(attempt, amount, ref or "", operation.pk, state)
    if ending is Ending.ACCEPTED:
        told = {"payment_id": attempt.payment.pk, "refund_id": line_id, "amount": amount}
        story.event("refund.accepted", operation=operation, **told)
    if ending is not Ending.SUCCEEDED:
        return None
    return _book_refund(story, attempt, amount, line_id, operation=operation, ref=ref, reason_id=reason_id)


def refund_at_provider(story: Story, attempt: Attempt, amount: int) -> None:
    """Somebody refunds at the provider's dashboard, and its webhook tells."""
    story.pass_time(600)
    ref = story.writer.token("fake_ref")
    _refunded_there(attempt, amount, ref, "", "succeeded")
    line_id = story.writer.new_id("ref", story.now)
    _book_refund(story, attempt, amount, line_id, operation=None, ref=ref, reason_id=None)


def reverse(story: Story, attempt: Attempt, line: Any) -> None:
    """A refund that was booked fails later: its money is back."""
    story.pass_time(86_400)
    payment = attempt.payment
    payment.refunded_amount -= line.amount
    attempt.theirs.refunded -= line.amount
    attempt.movements = [
        (verb, _with_state(movement, "failed") if movement.ref == line.provider_ref else movement)
        for verb, movement in attempt.movements
    ]
    story.writer.add(
        "RefundReversal",
        id=story.writer.new_id("refrev", story.now),
        payment_id=payment.pk,
        refund_id=line.pk,
        amount=line.amount,
        reason="The customer's bank sent it back.",
        created_at=story.now,
    )
    told = {"payment_id": payment.pk, "refund_id": line.pk, "amount": line.amount}
    story.event("refund.failed", actor=BY_PROVIDER, **told)


def cancel(story: Story, attempt: Attempt, ending: Ending = Ending.SUCCEEDED) -> None:
    """Staff release all that isn't captured."""
    amount = attempt.payment.amount - attempt.payment.captured_amount
    operation = _reserve(story, attempt, OperationKind.CANCEL, amount, ending)
    if ending.is_executed:
        _released_there(attempt, operation.pk)
    if ending is Ending.SUCCEEDED:
        _book_release(story, attempt, amount, operation=operation)


def expire(story: Story, attempt: Attempt) -> None:
    """The authorization runs out at the provider, which releases what isn't captured."""
    story.pass_time(7 * 86_400)
    attempt.payment.capture_before = story.now - timedelta(minutes=1)
    _released_there(attempt, "")
    _book_release(story, attempt, attempt.payment.amount - attempt.payment.captured_amount, operation=None)


def give_up(story: Story, attempt: Attempt, ending: Ending = Ending.SUCCEEDED) -> None:
    """The customer chose something else: a session without money is replaced and its object canceled."""
    story.pass_time(120)
    session = attempt.session
    session.slot, session.replaced_at = None, story.now
    story.event("payment_session.replaced", payment_session_id=session.pk)
    request = {"session_id": session.pk, "provider_ref": session.provider_ref}
    operation = story.operation(attempt, OperationKind.CANCEL, ending, amount=None, request=request)
    if ending.is_executed:
        _released_there(attempt, operation.pk)
    if ending is Ending.SUCCEEDED:
        session.status = SessionStatus.CANCELED.value
        story.event("payment_session.canceled", operation=operation, payment_session_id=session.pk)


def dispute(story: Story, attempt: Attempt, state: DisputeState) -> None:
    """The customer's bank disputes a captured payment."""
    story.pass_time(2 * 86_400)
    payment, ref = attempt.payment, story.writer.token("fake_dp")
    amount = payment.captured_amount
    withheld = amount if state.withholds_money else 0
    payment.withheld_amount += withheld
    payment.disputed_amount = min(payment.withheld_amount, _kept(payment))
    due_by = story.now + timedelta(days=7)
    row_id = story.writer.new_id("dp", story.now)
    told = {"payment_id": payment.pk, "dispute_id": row_id, "amount": amount, "state": state.value}
    story.event("dispute.opened", actor=BY_PROVIDER, **told)
    if state.has_ended:
        story.event(f"dispute.{state}", actor=BY_PROVIDER, **told)
    story.writer.add(
        "Dispute",
        id=row_id,
        payment_id=payment.pk,
        provider_account=payment.provider_account,
        provider_ref=ref,
        amount=amount,
        currency_code=payment.currency_code,
        withheld_amount=withheld,
        state=state.value,
        reason="fraudulent",
        evidence_due_by=due_by,
        evidence_warned_at=story.now,
        opened_at=story.now,
        closed_at=story.now if state.has_ended else None,
        event_number=story.collection.event_count,
        created_at=story.now,
        updated_at=story.now,
    )
    attempt.disputes.append(
        FakeDispute(
            ref=ref,
            payment_ref=payment.provider_ref,
            amount=amount,
            currency_code=payment.currency_code,
            state=state,
            reason="fraudulent",
            evidence_due_by=due_by.isoformat(),
            opened_at=story.now.isoformat(),
        )
    )


def _reserve(story: Story, attempt: Attempt, kind: OperationKind, amount: int, ending: Ending, **columns: Any) -> Any:
    """Add the operation of a movement, with what it has in flight and what its caller is owed."""
    story.pass_time(600)
    payment = attempt.payment
    request: dict[str, Any] = {"session_id": attempt.session.pk, "provider_ref": payment.provider_ref}
    if kind is not OperationKind.CANCEL:
        request |= {"payment_id": payment.pk, "money": {"minor_units": amount, "currency_code": payment.currency_code}}
        request |= {"is_final": False} if kind is OperationKind.CAPTURE else {"reason_code": None}
        columns["requested_amount"] = amount
    has_key = story.writer.chance.random() < 0.5
    columns["idempotency_key"] = story.writer.token("key") if has_key else None
    columns["fingerprint"] = f"{story.writer.chance.getrandbits(256):064x}" if has_key else ""
    columns["created_by"] = story.writer.chance.choice(CLERKS)
    operation = story.operation(attempt, kind, ending, amount=amount, request=request, **columns)
    if ending.is_in_flight:
        counter = _IN_FLIGHT[kind]
        setattr(payment, counter, getattr(payment, counter) + amount)
    if kind is not OperationKind.CANCEL and not has_key and ending is not Ending.DEFERRED:
        is_open = ending.status is OperationStatus.OPEN
        story.writer.add(
            "Debt",
            operation_id=operation.pk,
            who=operation.created_by,
            incurred_at=story.now,
            paid_at=None if is_open else story.now,
        )
    if ending in {Ending.REFUSED, Ending.NOT_EXECUTED}:
        story.event(f"operation.{ending.status}", operation=operation, payment_id=payment.pk, amount=amount)
    return operation


def _book_capture(story: Story, attempt: Attempt, amount: int, *, operation: Any, ref: str | None) -> None:
    payment = attempt.payment
    payment.captured_amount += amount
    line = _line(story, "Capture", "capt", attempt, amount, operation=operation, ref=ref)
    told = {"payment_id": payment.pk, "capture_id": line.pk, "amount": amount}
    _tell(story, "payment.captured", operation, **told, captured_amount=payment.captured_amount)
    _stamp(story, attempt)


def _book_refund(
    story: Story, attempt: Attempt, amount: int, line_id: str, *, operation: Any, ref: str | None, reason_id: str | None
) -> Any:
    payment = attempt.payment
    payment.refunded_amount += amount
    payment.disputed_amount = min(payment.withheld_amount, _kept(payment))
    line = _line(story, "Refund", "ref", attempt, amount, operation=operation, ref=ref)
    line.id, line.refund_reason_id = line_id, reason_id
    told = {"payment_id": payment.pk, "refund_id": line_id, "amount": amount}
    _tell(story, "payment.refunded", operation, **told, refunded_amount=payment.refunded_amount)
    return line


def _book_release(story: Story, attempt: Attempt, amount: int, *, operation: Any) -> None:
    """A release has a line where the table exists; before, the counter and the event are all there is."""
    payment = attempt.payment
    payment.released_amount += amount
    ref = None if operation else f"{payment.provider_ref}:released:{payment.released_amount}"
    _line(story, "Release", "rel", attempt, amount, operation=operation, ref=ref)
    told = {"payment_id": payment.pk, "amount": amount}
    if operation:
        _tell(story, "payment.canceled", operation, **told, captured_amount=payment.captured_amount)
    else:
        _tell(story, "payment.authorization_expired", None, **told, released_amount=payment.released_amount)
    _stamp(story, attempt)


def _line(story: Story, model: str, prefix: str, attempt: Attempt, amount: int, *, operation: Any, ref: Any) -> Any:
    return story.writer.add(
        model,
        id=story.writer.new_id(prefix, story.now),
        payment_id=attempt.payment.pk,
        operation_id=operation.pk if operation else None,
        amount=amount,
        provider_ref=ref,
        created_by=operation.created_by if operation else BY_PROVIDER,
        created_at=story.now,
    )


def _tell(story: Story, name: str, operation: Any, **told: Any) -> None:
    story.event(name, operation=operation, actor="" if operation else BY_PROVIDER, **told)


def _stamp(story: Story, attempt: Attempt) -> None:
    """Nothing is left to capture: the payment is captured, or canceled when all of it was released."""
    payment = attempt.payment
    payment.updated_at = story.now
    if payment.captured_amount + payment.released_amount != payment.amount:
        return
    if payment.captured_amount:
        payment.captured_at = story.now
    else:
        payment.canceled_at, attempt.session.status = story.now, SessionStatus.CANCELED.value


def _captured_there(attempt: Attempt, amount: int, ref: str, key: str) -> None:
    attempt.theirs.captured += amount
    if attempt.theirs.captured >= attempt.theirs.authorized:
        attempt.theirs.status = SessionStatus.CAPTURED
    attempt.movements.append(("capture", FakeMovement(ref=ref, amount=amount, idempotency_key=key)))


def _refunded_there(attempt: Attempt, amount: int, ref: str, key: str, state: str) -> None:
    attempt.theirs.refunded += amount
    attempt.movements.append(("refund", FakeMovement(ref=ref, amount=amount, idempotency_key=key, state=state)))


def _released_there(attempt: Attempt, key: str) -> None:
    theirs = attempt.theirs
    amount = theirs.authorized - theirs.captured
    theirs.released += amount
    theirs.authorized, theirs.status = theirs.captured, SessionStatus.CANCELED
    attempt.movements.append(("cancel", FakeMovement(ref="", amount=amount, idempotency_key=key)))


def _with_state(movement: FakeMovement, state: str) -> FakeMovement:
    return FakeMovement(ref=movement.ref, amount=movement.amount, idempotency_key=movement.idempotency_key, state=state)


def _kept(payment: Any) -> int:
    kept: int = payment.captured_amount - payment.refunded_amount - payment.refunding_amount
    return kept
