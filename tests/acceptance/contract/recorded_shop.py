"""A shop like the one whose answers were recorded, and the client that sends the recorded requests to it."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.contrib.auth.models import User
from django.test import Client

from medusa_payments.services import publishable_keys, secret_keys
from storefront_project.shop.models import Price, Product, Region, Variant
from tests.acceptance.contract.recordings import Comparison, Difference, Names, Step

JSON = "application/json"
FAKE, SYSTEM = "pp_fake_fake", "pp_system_default"
REGIONS = {
    "reg_two": ("eur", [FAKE, SYSTEM]),
    "reg_one": ("usd", [SYSTEM]),
    "reg_jpy": ("jpy", [SYSTEM]),
    "reg_none": ("kwd", []),
}
PRICES = {
    "variant_whole": {"eur": 10000, "usd": 10000, "jpy": 1000, "kwd": 1234},
    "variant_fraction": {"eur": 1999, "usd": 10},
    "variant_big": {"eur": 1234567890123456, "usd": 9999999999},
}
STATE_FIELDS = "fields=%2Bcompleted_at,*payment_sessions,*payments"


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str | None]


@dataclass
class RecordedShop:
    """Regions, prices, people and keys, and what they do. `names` knows what the recording calls things."""

    names: Names = field(default_factory=Names)
    words: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for pk, (currency, providers) in REGIONS.items():
            Region.objects.create(id=pk, name=pk, currency_code=currency, payment_providers=providers)
        product = Product.objects.create(id="prod_1", title="Product")
        for pk, prices in PRICES.items():
            variant = Variant.objects.create(id=pk, title=pk, product=product)
            for currency, amount in prices.items():
                Price.objects.create(id=f"{pk}_{currency}", variant=variant, currency_code=currency, amount=amount)
        admin = User.objects.create_superuser("admin@example.com", password="admin")
        User.objects.create_user("customer@example.com", password="customer")
        publishable_keys.create(title="Storefront", token="pk_test")
        self.names.staff = str(admin.pk)
        self.words = {
            "<publishable>": "pk_test",
            "<secret>": secret_keys.create(user=admin, title="Recorded").token,
            "<staff>": self._log_in("user", "admin"),
            "<customer>": self._log_in("customer", "customer"),
        }

    def play(self, step: Step) -> list[Difference]:
        """Do what a step says; return where the answer, or what was made, differs."""
        if "given" in step:
            self._arrange(step)
            return []
        compared = Comparison(step["label"], self.names, step.get("answer", {}).get("part", False))
        if "state_of" in step:
            return list(compared.values("state", step["is"], self._state(step["state_of"])))
        answer = self._send(step, step.get("body"))
        found = _differences(compared, step["answer"], answer)
        if step["answer"]["status"] == 200 and answer.status == 400 and "data" in (step.get("body") or {}):
            # What ours doesn't take from a storefront is left out, so that the scenario goes on alike.
            body = {key: value for key, value in step["body"].items() if key != "data"}
            list(compared.values("", step["answer"]["body"], self._send(step, body).body))
        return found

    def _send(self, step: Step, body: Any) -> Answer:
        method, _, path = step["send"].partition(" ")
        raw = self.names.ours(step.get("raw", "" if body is None else json.dumps(body)))
        if raw == "<120 kB JSON body>":
            raw = json.dumps({"cart_id": "cart_x", "pad": "x" * 120_000})
        headers = {name: self._meant(value) for name, value in step.get("headers", {}).items()}
        kind = headers.pop("content-type", JSON if raw else "")
        return self._request(method, self.names.ours(path), raw, kind, headers)

    def _request(self, method: str, path: str, raw: str, kind: str, headers: dict[str, str]) -> Answer:
        path = quote(path, safe="/?&=%[]$*+,:;@-._~()'!")
        response = Client().generic(method, path, raw, content_type=kind, headers=headers)
        text = response.content.decode()
        sent: dict[str, str | None] = {name.lower(): value for name, value in response.headers.items()}
        sent["content-type"] = response.headers.get("content-type", "").partition(";")[0] or None
        if sent["content-type"] == JSON and text:
            return Answer(response.status_code, json.loads(text), sent)
        is_page = text.lstrip().lower().startswith("<!doctype")
        return Answer(response.status_code, "<html>" if is_page else text, sent)

    def _meant(self, value: str) -> str:
        scheme, _, credentials = value.rpartition(" ")
        meant = self.words.get(credentials, credentials)
        if scheme == "Basic" and credentials in self.words:
            meant = b64encode(f"{meant}:".encode()).decode()
        return f"{scheme} {meant}".lstrip()

    def _state(self, name: str) -> Any:
        collection = self._get(f"/admin/payment-collections/{self.names.ours(name)}?{STATE_FIELDS}")
        document = collection["payment_collection"]
        totals = ("authorized_amount", "captured_amount", "refunded_amount")
        return {
            **{key: document[key] for key in ("status", "currency_code", "amount", *totals)},
            "is_completed": document["completed_at"] is not None,
            "payment_sessions": [
                {key: session[key] for key in ("status", "provider_id", "amount")}
                | {"is_authorized": session["authorized_at"] is not None}
                for session in document["payment_sessions"]
            ],
            "payments": [
                {
                    "amount": payment["amount"],
                    "is_captured": payment["captured_at"] is not None,
                    "is_canceled": payment["canceled_at"] is not None,
                }
                for payment in document["payments"]
            ],
        }

    def _arrange(self, step: Step) -> None:
        """Do what the recording did quietly."""
        match step["given"]:
            case "cart" | "begun" | "authorized" as how_far:
                made = self._cart(step)
                if how_far != "cart":
                    made |= self._begin(made["cart"], step)
                if how_far == "authorized":
                    made |= self._authorize(made)
            case "collection":
                made = {"pay_col": self._collection(self.names.ours(step["of"]))}
            case "line item":
                body = {"variant_id": step["variant"], "quantity": 1}
                self._post(f"/store/carts/{self.names.ours(step['in'])}/line-items", body)
                made = {}
            case "capture":
                body = {key: step[key] for key in ("amount",) if key in step}
                self._post(f"/admin/payments/{self.names.ours(step['of'])}/capture", body)
                made = {}
            case "reason":
                body = {"label": step["label"], "code": step["code"]}
                made = {"refr": self._post("/admin/refund-reasons", body)["refund_reason"]["id"]}
        self.names.ids |= {name: made[name.partition("#")[0]] for name in step.get("made", ())}

    def _cart(self, step: Step) -> dict[str, str]:
        item = {"variant_id": step.get("variant", "variant_whole"), "quantity": step.get("quantity", 1)}
        body = {"region_id": step.get("region", "reg_two"), "email": "buyer@example.com", "items": [item]}
        return {"cart": self._post("/store/carts", body)["cart"]["id"]}

    def _collection(self, cart: str) -> str:
        pk: str = self._post("/store/payment-collections", {"cart_id": cart})["payment_collection"]["id"]
        return pk

    def _begin(self, cart: str, step: Step) -> dict[str, str]:
        collection = self._collection(cart)
        body = {"provider_id": step.get("provider", SYSTEM), "data": step.get("data", {})}
        answer = self._post(f"/store/payment-collections/{collection}/payment-sessions", body)
        return {"pay_col": collection, "payses": answer["payment_collection"]["payment_sessions"][0]["id"]}

    def _authorize(self, made: dict[str, str]) -> dict[str, str]:
        order = self._post(f"/store/carts/{made['cart']}/complete", {})["order"]
        payments = self._get(f"/admin/payments?payment_session_id={made['payses']}")["payments"]
        return {"order": order["id"], "pay": payments[0]["id"]}

    def _post(self, path: str, body: Any) -> Any:
        return self._ok(self._request("POST", path, json.dumps(body), JSON, self._identified(path)))

    def _get(self, path: str) -> Any:
        return self._ok(self._request("GET", path, "", "", self._identified(path)))

    def _identified(self, path: str) -> dict[str, str]:
        if path.startswith("/store"):
            return {"x-publishable-api-key": self.words["<publishable>"]}
        return {"authorization": f"Bearer {self.words['<staff>']}"} if path.startswith("/admin") else {}

    def _log_in(self, actor: str, name: str) -> str:
        token: str = self._post(f"/auth/{actor}/emailpass", {"email": f"{name}@example.com", "password": name})["token"]
        return token

    def _ok(self, answer: Answer) -> Any:
        assert answer.status == 200, answer.body
        return answer.body


def _differences(compared: Comparison, recorded: dict[str, Any], answer: Answer) -> list[Difference]:
    """Return where an answer differs. Where one of the two is a refusal, the status says it all."""
    found = []
    if recorded["status"] != answer.status:
        found.append(Difference(compared.step, "status", "", recorded["status"], answer.status))
    if recorded["status"] == answer.status or min(recorded["status"], answer.status) >= 400:
        found += compared.values("", recorded["body"], answer.body)
    if recorded["status"] == answer.status:
        kind = JSON if isinstance(recorded["body"], dict) else "text/html"
        for name, value in ({"content-type": kind} | recorded.get("headers", {})).items():
            if answer.headers.get(name) != value:
                found.append(Difference(compared.step, "header", name, value, answer.headers.get(name)))
    return found
