"""Webhooks: bytes from anywhere, believed only when they are signed, fresh and readable."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.testing.conformance.bench import Fault, SentWebhook
from medusa_payments.testing.conformance.desk import Desk, Sale, outcome
from medusa_payments.testing.conformance.expectations import describe, expect
from medusa_payments.testing.conformance.needs import WEBHOOKS, faults, hook, signed_webhooks
from medusa_payments.testing.conformance.rules import Blocked, NotApplicable, rule

_GARBAGE = (b"", b"\x00\xff\xfe", b"not json", b"[]", b"{}", b"null", b'{"id": 1}', b'{"id": "x", "type": {}}')

_SENT = hook("webhooks")


@rule(
    "WEB-01",
    "A genuine webhook is read: its event id, and the payment object or session that it is about.",
    change="Return the event's own id, the object's reference, and the session id of its metadata.",
    stake="An event that names nothing is dropped, and a payment that came late is never seen.",
    needs=[WEBHOOKS, _SENT],
)
def reads_a_genuine_webhook(desk: Desk) -> None:
    sale, sent = _sent(desk)
    notice = _read(desk, sent)
    expect(isinstance(notice, WebhookNotice), f"answered {describe(notice)}")
    is_named = bool(notice.event_id) and bool(notice.event_type)
    expect(is_named or desk.provider.capabilities.has_unsigned_webhooks, "the event's id or type is empty")
    is_ours = notice.provider_ref == sale.ref or notice.session_id == sale.session_id
    expect(is_ours, f"it is about {describe(notice.provider_ref)}, session {describe(notice.session_id)}")
    expect(not notice.is_foreign, "an event of the own account is called foreign")


@rule(
    "WEB-02",
    "A webhook without its signature (or its URL's secret), or with a wrong one, is refused with `WebhookRefused`.",
    change="Verify before anything else; a missing secret or header refuses. Compare signatures as bytes.",
    stake="Anybody on the internet could declare an order paid.",
    needs=[WEBHOOKS, _SENT],
)
def refuses_a_wrong_signature(desk: Desk) -> None:
    _, sent = _sent(desk)
    if desk.provider.capabilities.has_unsigned_webhooks and not sent.query:
        raise NotApplicable("nothing proves where its webhooks come from")
    _expect_refused(desk, SentWebhook(body=sent.body, headers={}), "without headers")
    _expect_refused(desk, _with_proof(sent, lambda _: ""), "with empty headers")
    for what, start in (("with another signature", 0), ("with another last digit", -1)):
        _expect_refused(desk, _with_proof(sent, partial(_turned, start=start)), what)
    foreign = _with_proof(sent, lambda value: f"{value[:-1]}\xe9")
    _expect_refused(desk, foreign, "with a last letter that is no ASCII")


@rule(
    "WEB-03",
    "A body of which one byte was changed is refused.",
    change="Verify the raw bytes, exactly as they came; never a parsed and printed copy.",
    stake="Whoever can repeat a genuine webhook could change whom it is about.",
    needs=[signed_webhooks, _SENT],
)
def refuses_a_tampered_body(desk: Desk) -> None:
    _, sent = _sent(desk)
    for position in (1, len(sent.body) // 2, len(sent.body) - 2):
        tampered = bytearray(sent.body)
        tampered[position] ^= 1
        _expect_refused(desk, SentWebhook(body=bytes(tampered), headers=sent.headers), f"with byte {position} changed")
    _expect_refused(desk, SentWebhook(body=sent.body + b" ", headers=sent.headers), "with a space behind it")


@rule(
    "WEB-04",
    "A webhook that is a day old, or a day early, is refused, by the clock in `received_at`.",
    change="Compare the signed time with `request.received_at`, in both directions, and with no other clock.",
    stake="An old event could be played back to bring a payment's state back.",
    needs=[signed_webhooks, _SENT],
)
def refuses_other_times(desk: Desk) -> None:
    if not desk.bench.webhooks_expire:
        raise NotApplicable("its signatures prove no time")
    _, sent = _sent(desk)
    for days, when in ((1, "a day late"), (-1, "a day early")):
        _expect_refused(desk, sent, when, at=datetime.now(UTC) + timedelta(days=days))


@rule(
    "WEB-05",
    "A delivery that is repeated has the same event id; another event has another one.",
    change="Use the event's id, not the delivery's, the object's or one of your own.",
    stake="By its id an event is applied once.",
    needs=[signed_webhooks, _SENT],
)
def tells_events_apart(desk: Desk) -> None:
    sale = desk.captured()
    sent = list(desk.bench.webhooks(sale.session_id))
    if not sent:
        raise Blocked("the bench has no webhooks for a captured payment")
    ids = [_read(desk, webhook).event_id for webhook in sent]
    expect([_read(desk, webhook).event_id for webhook in sent] == ids, "read again, the events have other ids")
    expect(len(set(ids)) == len(ids), f"{len(ids)} events have {len(set(ids))} ids")


@rule(
    "WEB-06",
    "An event of another account, or of the other mode, is read as foreign.",
    change="Compare the event's account and live mode with your own, and set `is_foreign`.",
    stake="A payment in test mode would complete a real order.",
    needs=[signed_webhooks, hook("foreign_webhook")],
)
def knows_foreign_events(desk: Desk) -> None:
    sale = desk.initiated()
    notice = _read(desk, desk.bench.foreign_webhook(sale.session_id))
    expect(notice.is_foreign, "an event of another environment isn't called foreign")


@rule(
    "WEB-07",
    "Bytes that can't be read are refused with `WebhookRefused`, also when they are signed.",
    change="Parse defensively, and turn every failure to `WebhookRefused`.",
    stake="Another exception is a server error, and the provider sends the same bytes for days.",
    needs=[signed_webhooks, hook("sign")],
)
def refuses_garbage(desk: Desk) -> None:
    for body in _GARBAGE:
        sent = SentWebhook(body=body, headers=desk.bench.sign(body))
        _expect_refused(desk, sent, f"with the body {body!r}")


@rule(
    "WEB-08",
    "Reading a webhook calls nobody.",
    change="Verify with the secret and the bytes alone; the core retrieves the object by itself.",
    stake="Whoever sends webhooks could keep all workers busy, and a slow service makes the provider give up.",
    needs=[WEBHOOKS, _SENT, faults],
)
def reads_without_network(desk: Desk) -> None:
    _, sent = _sent(desk)
    with desk.bench.fault(Fault.UNREACHABLE, "retrieve"):
        notice = outcome(lambda: _read(desk, sent))
    expect(isinstance(notice, WebhookNotice), f"with the service unreachable: {describe(notice)}")


@rule(
    "WEB-09",
    "A provider that can't be asked tells in its webhooks what it has, also when they are read again later.",
    change="Set `snapshot`, and write `read_kept_webhook`, which doesn't verify.",
    stake="There is no other way to learn what was paid.",
    needs=[signed_webhooks, _SENT],
)
def tells_all_in_its_webhooks(desk: Desk) -> None:
    if desk.provider.capabilities.can_retrieve:
        raise NotApplicable("it can be asked")
    _, sent = _sent(desk)
    notice = _read(desk, sent)
    expect(notice.snapshot is not None, "there is neither a snapshot nor retrieve")
    kept = outcome(lambda: desk.provider.read_kept_webhook(notice.kept_body or sent.body))
    expect(kept == notice, f"read again without its signature: {describe(kept)}")


@rule(
    "WEB-10",
    "What is signed and not understood is read, and names nothing: it is no reason to refuse.",
    change="Read an event of an unknown type, or about an object that can't be read, by its id and type alone.",
    stake="The provider would send it for days, then switch the whole address off, with the events that matter.",
    needs=[signed_webhooks, hook("unknown_webhook")],
)
def reads_what_it_does_not_understand(desk: Desk) -> None:
    notice = outcome(lambda: _read(desk, desk.bench.unknown_webhook()))
    expect(isinstance(notice, WebhookNotice), f"an unknown event: {describe(notice)}")
    expect(bool(notice.event_id), "the event's id is empty")
    expect(not (notice.provider_ref or notice.session_id), f"it is about {describe(notice.provider_ref)}")


def _sent(desk: Desk) -> tuple[Sale, SentWebhook]:
    sale = desk.captured()
    sent = desk.bench.webhooks(sale.session_id)
    if not sent:
        raise Blocked("the bench has no webhooks for a captured payment")
    return sale, sent[-1]


def _read(desk: Desk, sent: SentWebhook, at: datetime | None = None) -> WebhookNotice:
    received_at = at or datetime.now(UTC)
    return desk.provider.read_webhook(
        WebhookRequest(body=sent.body, headers=sent.headers, query=sent.query, received_at=received_at)
    )


def _expect_refused(desk: Desk, sent: SentWebhook, what: str, at: datetime | None = None) -> None:
    answer = outcome(lambda: _read(desk, sent, at))
    expect(isinstance(answer, WebhookRefused), f"{what}: {describe(answer)}; expected WebhookRefused")
    shown = f"{answer} {getattr(answer, 'code', '')}"
    expect(not any(secret in shown for secret in desk.secrets()), f"{what}: the refusal shows a secret option")


def _with_proof(sent: SentWebhook, change: Callable[[str], str]) -> SentWebhook:
    """Return a webhook whose headers and query, which prove where it comes from, are changed."""
    headers = {name: change(value) for name, value in sent.headers.items()}
    return SentWebhook(
        body=sent.body, headers=headers, query={name: change(value) for name, value in sent.query.items()}
    )


def _turned(value: str, start: int) -> str:
    """Turn hexadecimal digits and letters of a signature, from one on, into others; without any, the last letter."""
    turned = value[start:].translate(str.maketrans("0123456789abcdef", "1032547698badcfe"))
    return value[:start] + turned if turned != value[start:] else f"{value[:-1]}0"
