"""How a shop's payments go, by name and by how often it happens. Together they show every state of every table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from medusa_payments.states import DisputeState, SessionStatus, UndoPolicy
from medusa_payments.testing.month import movements
from medusa_payments.testing.month.story import FAKE, SYSTEM, Attempt, Ending, Side, Story

Play = Callable[[Story], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`weight`: how many of a thousand collections. `is_recent`: it happens in the month's last hour, as what is open
    does where a worker runs.
    """

    name: str
    play: Play
    weight: int
    is_recent: bool = False
    side: Side = FAKE


def _paid(story: Story) -> Attempt:
    attempt = story.choose()
    story.authorize(attempt)
    return attempt


def _captured(story: Story) -> Attempt:
    attempt = _paid(story)
    movements.capture(story, attempt, attempt.payment.amount)
    return attempt


def _authorized(story: Story) -> None:
    _paid(story)


def _captured_in_full(story: Story) -> None:
    _captured(story)


def _ordered(story: Story) -> None:
    """An order was placed, and captured when it was sent."""
    attempt = _paid(story)
    story.collection.order_id = story.writer.new_id("order", story.now)
    story.event("payment_collection.updated", order_id=story.collection.order_id)
    movements.capture(story, attempt, attempt.payment.amount)


def _captured_in_parts(story: Story) -> None:
    attempt = _paid(story)
    for _ in range(3):
        movements.capture(story, attempt, attempt.payment.amount // 4)


def _part_captured_rest_released(story: Story) -> None:
    attempt = _paid(story)
    movements.capture(story, attempt, attempt.payment.amount // 3)
    movements.cancel(story, attempt)


def _captured_at_provider(story: Story) -> None:
    attempt = _paid(story)
    movements.capture_at_provider(story, attempt, attempt.payment.amount // 2)


def _refunded(story: Story, *, share: int, at_provider: bool = False) -> None:
    attempt = _captured(story)
    amount = attempt.payment.amount // share
    if at_provider:
        movements.refund_at_provider(story, attempt, amount)
    else:
        movements.refund(story, attempt, amount)


def _refund_that_failed_later(story: Story) -> None:
    attempt = _captured(story)
    movements.reverse(story, attempt, movements.refund(story, attempt, attempt.payment.amount // 2))


def _canceled(story: Story) -> None:
    movements.cancel(story, _paid(story))


def _expired(story: Story) -> None:
    movements.expire(story, _paid(story))


def _disputed(story: Story, *, state: DisputeState) -> None:
    movements.dispute(story, _captured(story), state)


def _disputed_after_refund(story: Story) -> None:
    attempt = _captured(story)
    movements.refund(story, attempt, attempt.payment.amount // 4)
    movements.dispute(story, attempt, DisputeState.NEEDS_RESPONSE)


def _captured_at_once(story: Story) -> None:
    """A kind of payment that is captured when it is authorized: the operation that authorizes it owns the line."""
    attempt = _paid(story)
    attempt.session.status = SessionStatus.CAPTURED.value
    movements.capture_at_once(story, attempt)


def _amount_raised(story: Story) -> None:
    """The provider authorized more than was asked, and captured it."""
    attempt = _paid(story)
    before, payment = attempt.payment.amount, attempt.payment
    payment.amount += 500
    attempt.theirs.amount = attempt.theirs.authorized = payment.amount
    told = {"payment_id": payment.pk, "before": before, "after": payment.amount}
    story.event("payment.amount_raised", actor="provider", **told)
    movements.capture_at_provider(story, attempt, payment.amount)


def _frozen(story: Story) -> None:
    """The provider refunded more than was captured: staff have to look."""
    attempt = _captured(story)
    story.pass_time(600)
    payment = attempt.payment
    payment.frozen_at = story.now
    totals = {"captured": payment.captured_amount, "refunded": payment.refunded_amount}
    story.event(
        "payment.frozen",
        payment_id=payment.pk,
        reason="beyond the limits",
        ours={"amount": payment.amount, "released": 0, **totals},
        theirs={"refunded": payment.amount + 1},
    )
    attempt.theirs.refunded = payment.amount + 1


def _capture_that(story: Story, *, ending: Ending) -> None:
    attempt = _paid(story)
    movements.capture(story, attempt, attempt.payment.amount // 2, ending)


def _refund_that(story: Story, *, ending: Ending) -> None:
    attempt = _captured(story)
    movements.refund(story, attempt, attempt.payment.amount // 2, ending)


def _cancel_that(story: Story, *, ending: Ending) -> None:
    movements.cancel(story, _paid(story), ending)


def _authorize_that(story: Story, *, ending: Ending) -> None:
    attempt = story.choose()
    story.authorize(attempt, ending=ending)
    if ending is Ending.REFUSED:
        attempt.session.status = attempt.theirs.status = SessionStatus.ERROR


def _change_that(story: Story, *, ending: Ending) -> None:
    story.change(story.choose(), story.collection.amount + 100, ending)


def _initiate_that(story: Story, *, ending: Ending) -> None:
    story.choose(ending=ending)


def _replacement_that(story: Story, *, ending: Ending) -> None:
    """The first session was replaced, the second one paid."""
    movements.give_up(story, story.choose(), ending)
    story.authorize(story.choose())


def _split(story: Story) -> None:
    """Two sessions share the amount; one of them is captured already."""
    first = story.collection.amount // 3
    parts = [story.choose(amount=first), story.choose(amount=story.collection.amount - first, slot=1)]
    story.collection.on_failure = UndoPolicy.REFUND.value
    for part in parts:
        story.authorize(part)
    movements.capture(story, parts[0], first)


def _half_paid_split(story: Story) -> None:
    first = story.collection.amount // 2
    story.authorize(story.choose(amount=first))
    story.choose(amount=story.collection.amount - first, slot=1)


def _begun(story: Story, *, status: SessionStatus) -> None:
    """A customer who has not come back (yet)."""
    attempt = story.choose()
    attempt.session.status = attempt.theirs.status = status


def _nothing_chosen(story: Story) -> None:
    """A cart that nobody paid."""


def _deleted(story: Story) -> None:
    story.pass_time(600)
    story.collection.live_cart_id, story.collection.deleted_at = None, story.now
    story.event("payment_collection.deleted")


def _canceled_collection(story: Story) -> None:
    movements.cancel(story, _paid(story))
    story.collection.canceled_at = story.now
    story.event("payment_collection.canceled")


def _canceled_after_capture(story: Story) -> None:
    attempt = _paid(story)
    movements.capture(story, attempt, attempt.payment.amount // 2)
    movements.cancel(story, attempt)
    story.collection.canceled_at = story.now
    story.event("payment_collection.canceled")


def _failed_order(story: Story) -> None:
    """The shop could not deliver: the money is released, and the collection says when it failed."""
    attempt = _paid(story)
    story.collection.on_failure, story.collection.failed_at = UndoPolicy.VOID.value, story.now
    story.event("payment_collection.failed")
    movements.cancel(story, attempt)


_UNKNOWN = (Ending.LEASED, Ending.LOST, Ending.NEVER_ARRIVED)
_OPEN = (*_UNKNOWN, Ending.DEFERRED)
_CLOSED = (Ending.REFUSED, Ending.NOT_EXECUTED)


def _endings(name: str, play: Callable[..., None], endings: tuple[Ending, ...], weight: int) -> list[Scene]:
    return [
        Scene(
            name=f"{name} {ending.name.lower().replace('_', ' ')}",
            play=partial(play, ending=ending),
            weight=weight,
            is_recent=ending in _OPEN,
        )
        for ending in endings
    ]


SCENES: tuple[Scene, ...] = (
    Scene(name="ordered", play=_ordered, weight=400),
    Scene(name="captured", play=_captured_in_full, weight=100),
    Scene(name="paid by other means", play=_captured_in_full, weight=50, side=SYSTEM),
    Scene(name="refunded what was paid by other means", play=partial(_refunded, share=2), weight=10, side=SYSTEM),
    Scene(name="authorized", play=_authorized, weight=60),
    Scene(name="captured at once", play=_captured_at_once, weight=20),
    Scene(name="captured in parts", play=_captured_in_parts, weight=20),
    Scene(name="part captured, rest released", play=_part_captured_rest_released, weight=20),
    Scene(name="captured at the provider", play=_captured_at_provider, weight=5),
    Scene(name="refunded", play=partial(_refunded, share=1), weight=30),
    Scene(name="partially refunded", play=partial(_refunded, share=3), weight=50),
    Scene(name="refunded at the provider", play=partial(_refunded, share=2, at_provider=True), weight=5),
    Scene(name="refund that failed later", play=_refund_that_failed_later, weight=3),
    Scene(name="canceled", play=_canceled, weight=30),
    Scene(name="expired", play=_expired, weight=10),
    Scene(name="amount raised", play=_amount_raised, weight=2),
    Scene(name="frozen", play=_frozen, weight=1),
    *(Scene(name=f"dispute {state}", play=partial(_disputed, state=state), weight=2) for state in DisputeState),
    Scene(name="disputed after a refund", play=_disputed_after_refund, weight=2),
    *_endings("capture", _capture_that, (*_OPEN, *_CLOSED), 2),
    *_endings("refund", _refund_that, (*_OPEN, Ending.ACCEPTED, *_CLOSED), 2),
    *_endings("cancel", _cancel_that, (*_OPEN, Ending.NOT_EXECUTED), 2),
    *_endings("authorize", _authorize_that, (*_UNKNOWN, *_CLOSED), 2),
    *_endings("initiate", _initiate_that, (*_UNKNOWN, Ending.NOT_EXECUTED), 2),
    *_endings("change", _change_that, (Ending.SUCCEEDED, *_UNKNOWN, Ending.NOT_EXECUTED), 2),
    *_endings("replacement canceled", _replacement_that, (Ending.SUCCEEDED, *_UNKNOWN), 5),
    Scene(name="split", play=_split, weight=20),
    Scene(name="half-paid split", play=_half_paid_split, weight=3, is_recent=True),
    *(
        Scene(name=f"session {status}", play=partial(_begun, status=status), weight=15, is_recent=True)
        for status in (SessionStatus.PENDING, SessionStatus.REQUIRES_MORE, SessionStatus.PENDING_AUTHORIZATION)
    ),
    Scene(name="nothing chosen", play=_nothing_chosen, weight=60),
    Scene(name="deleted", play=_deleted, weight=5),
    Scene(name="canceled after capture", play=_canceled_after_capture, weight=3),
    Scene(name="canceled collection", play=_canceled_collection, weight=5),
    Scene(name="failed order", play=_failed_order, weight=5),
)
"""In the order in which `make_month` plays them first, once each."""
