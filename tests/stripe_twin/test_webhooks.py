import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import stripe

from medusa_payments.testing.stripe_twin.courier import Courier, Destination
from medusa_payments.testing.stripe_twin.twin import WEBHOOK_SECRET, StripeTwin
from medusa_payments.testing.stripe_twin.webhooks import Mischief
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.contract.intents import created, held, paid

pytestmark = pytest.mark.any_engine


class Shop(HTTPServer):
    """Takes webhooks, or refuses the first few."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.taken: list[stripe.Event] = []
        self.refusals = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/payment/stripe_stripe"


class _Hook(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        is_refused = self.server.refusals > 0
        self.server.refusals -= is_refused
        if not is_refused:
            signature = self.headers["stripe-signature"]
            self.server.taken.append(stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET))  # type: ignore[no-untyped-call]
        self.send_response(500 if is_refused else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_everything_is_told_signed_and_in_order(client: Client, twin: StripeTwin) -> None:
    intent = held(client, metadata={"session_id": "payses_1"})
    client.v1.payment_intents.capture(intent.id)
    created(client, metadata={"session_id": "payses_2"})

    events = [
        stripe.Webhook.construct_event(body, headers["stripe-signature"], WEBHOOK_SECRET)  # type: ignore[no-untyped-call]
        for body, headers in twin.webhooks("payses_1")
    ]

    assert [event.type for event in events] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    ]
    assert [event.data.object["id"] for event in events if event.type.startswith("payment_intent")] == [intent.id] * 3
    assert events[2].data.object["amount_capturable"] == 2000


def test_an_event_shows_the_object_as_it_was_and_who_asked(client: Client, twin: StripeTwin) -> None:
    intent = created(client)
    client.v1.payment_intents.cancel(intent.id, {}, {"idempotency_key": "payop_cancel"})

    first, last = client.v1.events.list({"limit": 100}).data[::-1]

    assert (first.data.object["status"], last.data.object["status"]) == ("requires_payment_method", "canceled")
    assert last.request is not None
    assert last.request.idempotency_key == "payop_cancel"
    assert client.v1.events.retrieve(last.id).id == last.id
    assert [event.id for event in client.v1.events.list({"type": "payment_intent.canceled"}).data] == [last.id]


def test_several_types_are_named_one_by_one(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="without wildcards"):
        client.v1.events.list({"types": ["payment_intent.*"]})


def test_refunds_of_a_session_are_told_with_it(client: Client, twin: StripeTwin) -> None:
    intent = paid(client, metadata={"session_id": "payses_1"})
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})

    told = [json.loads(body)["type"] for body, _ in twin.webhooks("payses_1")]

    assert told[-2:] == ["refund.created", "charge.refunded"]


def test_another_secret_does_not_prove_it(client: Client, twin: StripeTwin) -> None:
    created(client)
    body, headers = twin.webhooks(secret="whsec_other")[0]

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["stripe-signature"], WEBHOOK_SECRET)  # type: ignore[no-untyped-call]


def test_webhooks_are_doubled_shuffled_and_lost_on_demand(client: Client, twin: StripeTwin) -> None:
    for _ in range(10):
        created(client)
    sent = [body for body, _ in twin.webhooks()]

    doubled = [body for body, _ in twin.webhooks(mischief=Mischief(copies=2))]
    shuffled = [body for body, _ in twin.webhooks(mischief=Mischief(is_shuffled=True, seed=3))]
    decimated = [body for body, _ in twin.webhooks(mischief=Mischief(lost=0.5, seed=3))]

    assert doubled == [body for body in sent for _ in range(2)]
    assert shuffled != sent
    assert sorted(shuffled) == sorted(sent)
    assert 0 < len(decimated) < len(sent)
    assert shuffled == [body for body, _ in twin.webhooks(mischief=Mischief(is_shuffled=True, seed=3))]


def test_the_courier_delivers_each_event_once(client: Client, twin: StripeTwin, shop: Shop) -> None:
    paid(client)
    courier = Courier(twin, Destination(url=shop.url, secret=WEBHOOK_SECRET))

    delivered = courier.deliver_due()
    again = courier.deliver_due()

    assert (delivered, again) == (3, 0)
    assert [event.type for event in shop.taken] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_the_courier_comes_again_when_it_was_refused(
    client: Client, twin: StripeTwin, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(client)
    shop.refusals = 1
    courier = Courier(twin, Destination(url=shop.url, secret=WEBHOOK_SECRET))

    refused = courier.deliver_due()
    too_early = courier.deliver_due()
    with twin.books() as books:
        books.connection.execute("UPDATE deliveries SET next_at = 0")
    later = courier.deliver_due()

    assert (refused, too_early, later) == (0, 0, 1)
    assert len(shop.taken) == 1


def test_the_courier_runs_in_the_background_and_lets_time_pass(client: Client, twin: StripeTwin, shop: Shop) -> None:
    intent = held(client)
    with twin.books() as books:
        books.connection.execute("UPDATE due SET at = 0")
    courier = Courier(twin, Destination(url=shop.url, secret=WEBHOOK_SECRET))

    thread = courier.run_in_background(pause_seconds=0.01)
    for _ in range(500):
        if len(shop.taken) == 5:
            break
        thread.join(0.01)
    courier.stop()
    thread.join()

    assert [event.type for event in shop.taken][-2:] == ["charge.expired", "payment_intent.canceled"]
    assert shop.taken[-1].data.object["id"] == intent.id


def test_an_event_of_any_type_can_be_told(client: Client, twin: StripeTwin) -> None:
    intent = created(client)

    twin.dashboard.tell("payment_intent.partially_funded", intent.id)

    told = client.v1.events.list({"type": "payment_intent.partially_funded"}).data
    assert [event.data.object["id"] for event in told] == [intent.id]
