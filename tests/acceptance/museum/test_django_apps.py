"""What users of other payment apps met, those for Django first."""

from dataclasses import replace

import pytest

from medusa_payments.providers.types import InitiateRequest, SessionResult
from medusa_payments.testing.fake_provider import FakeProvider
from tests.acceptance.museum.backstage import HOOK, Backstage
from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import CROWD, Shop, statuses


@exhibit(
    "jazzband/django-payments#399",
    there="one provider says refunded for a part, the other only for all",
    here="one function decides, for every provider",
)
@pytest.mark.parametrize("provider_id", ["pp_fake_fake", "pp_system_default"])
def test_django_payments_399_a_part_is_a_part_with_every_provider(shop: Shop, provider_id: str) -> None:
    begun = shop.begun(provider_id=provider_id)
    order = shop.order(begun)
    payment = shop.payment_of(begun)
    assert shop.capture(payment).status == 200

    seen = []
    for amount in (1, 99):
        assert shop.refund(payment, amount).status == 200
        seen.append(shop.good("GET", f"/admin/orders/{order['id']}")["order"]["payment_status"])

    assert seen == ["partially_refunded", "refunded"]


@exhibit(
    "dj-stripe/dj-stripe#1239",
    "dj-stripe/dj-stripe#409",
    "dj-stripe/dj-stripe#429",
    "dj-stripe/dj-stripe#903",
    "dj-stripe/dj-stripe#1267",
    there="the same webhook twice at once: duplicates, races, deadlocks",
    here="kept once and applied once, and every delivery is 200",
)
def test_dj_stripe_1239_ten_deliveries_at_once(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    provider.pay(begun)
    paid = provider.webhooks(begun)[-1]

    answers = shop.at_once(*[lambda: provider.deliver(paid)] * CROWD)

    assert statuses(answers) == [200] * CROWD
    assert [line["amount"] for line in shop.payment_of(begun)["captures"]] == [100]
    assert provider.explain() == []


@exhibit(
    "jazzband/django-payments 4.0",
    there="a webhook's error is an HTML page",
    here="JSON that says what is wrong, without what was sent",
)
def test_django_payments_4_0_a_webhooks_error_can_be_read(shop: Shop) -> None:
    answer = shop.send(
        "POST", HOOK, raw=b'{"secret": "whsec_leaked"}', headers={"fake-signature": "t=1,v1=whsec_leaked"}
    )

    assert answer.status == 400
    assert {"type", "message"} <= answer.body.keys()
    assert "leaked" not in str(answer.body)


@exhibit(
    "tfranzel/drf-spectacular#137",
    "tfranzel/drf-spectacular#465",
    "tfranzel/drf-spectacular#646",
    "tfranzel/drf-spectacular#90",
    there="third-party apps bring clashing operation ids and component names into a schema",
    here="every operation has an id of its own, and all are described",
)
def test_drf_spectacular_137_every_operation_has_an_id_of_its_own(shop: Shop) -> None:
    schema = shop.good("GET", "/openapi.json")

    operations = [operation for methods in schema["paths"].values() for operation in methods.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) > 40
    assert all(operation["summary"] and operation["description"] for operation in operations)
    assert [name for name in schema["components"]["schemas"] if name[-1].isdigit()] == []


@exhibit(
    "opengovsg/FormSG#6234",
    "vendurehq/vendure#3250",
    there="two systems share an account at the provider, and each chokes on the other's events",
    here="what isn't ours is answered 200, counted, and changes nothing",
)
def test_formsg_6234_somebody_elses_event(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    provider.pay(begun)

    answers = [provider.deliver(provider.foreign(begun)) for _ in range(2)]

    assert statuses(answers) == [200, 200]
    assert shop.collection_of(begun)["status"] == "not_paid"


@exhibit(
    "spatie/laravel-stripe-webhooks#190",
    there="events of a new, thin kind come to the same address; the handler breaks, and they are sent for days",
    here="what is signed and not understood is answered 200 and kept as ignored",
)
def test_laravel_stripe_webhooks_190_a_thin_event(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()

    answers = [provider.deliver(provider.thin(begun)) for _ in range(2)]

    assert statuses(answers) == [200, 200]
    assert shop.collection_of(begun)["status"] == "not_paid"


@exhibit(
    "Wei-Shaw/sub2api#3714",
    there="a NUL in the provider's answer can't be stored: the customer has paid, and the order waits for ever",
    here="what a provider says is cleaned where it enters, and booked",
)
def test_sub2api_3714_a_nul_in_the_answer(shop: Shop, provider: Backstage, monkeypatch: pytest.MonkeyPatch) -> None:
    initiate = FakeProvider.initiate

    def says_nul(self: FakeProvider, request: InitiateRequest) -> SessionResult:
        result = initiate(self, request)
        return replace(result, data={**result.data, "qr": "00\x0020 \ud800"})

    monkeypatch.setattr(FakeProvider, "initiate", says_nul)

    begun = shop.begun()

    assert shop.order(begun)["payment_status"] == "authorized"
    assert provider.explain() == []


@exhibit(
    "themeum/tutor#2360",
    "NEARBuilders/nearmerch.com#209",
    there="a late event of a failure takes back what was paid",
    here="an event says when to look, not what to believe",
)
def test_tutor_2360_a_late_event_takes_nothing_back(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun(outcome="error")
    assert shop.complete(begun).status == 400
    provider.pay(begun)
    created, failed, paid = provider.webhooks(begun)
    assert b"payment.failed" in failed[0]

    for webhook in (paid, failed, created):
        assert provider.deliver(webhook).status == 200

    collection = shop.collection_of(begun)
    assert (collection["status"], collection["captured_amount"]) == ("completed", 100)
    assert [each["status"] for each in collection["payment_sessions"]] == ["authorized"]
