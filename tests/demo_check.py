"""Start `make demo` as a newcomer would, make the README's first payment in three currencies, and pay with Stripe.

`python -m tests.demo_check`; the demo gets a database and a port of its own. Exit status 1 when anything is off.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 300
WEBHOOK_SECONDS = 30
PAGES = ("/", "/checkout", "/docs/", "/redoc/", "/openapi.json", "/django-admin/login/")
FIRST_PAYMENT = re.search(r"^```bash\n(.*?)^```$", (ROOT / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)

# Region, what is given back, and what the provider must have moved (minor units).
RUNS = (
    ("reg_eu", "4.99", {"initiate": 3999, "authorize": 3999, "capture": 3999, "refund": 499}),
    ("reg_jp", "999", {"initiate": 3999, "authorize": 3999, "capture": 3999, "refund": 999}),
    ("reg_kw", "4.125", {"initiate": 10251, "authorize": 10251, "capture": 10251, "refund": 4125}),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, running_demo(Path(directory)) as base:
        for page in PAGES:
            with urlopen(base + page) as response:
                print(f"{response.status} {page}")
        for region, refund, expected in RUNS:
            moved = first_payment(base, region, refund)
            print(f"{region}: {moved}")
            if moved != expected:
                sys.exit(f"{region}: expected {expected}")
        print(f"stripe: {stripe_payment(base)}")
    print("make demo: 4 passed, 0 failed")


@contextmanager
def running_demo(directory: Path) -> Iterator[str]:
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "DATABASE_URL": f"sqlite:///{directory}/demo.sqlite3"}
    demo = subprocess.Popen(["make", "--no-print-directory", "demo"], cwd=ROOT, env=environment, start_new_session=True)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(base, demo)
        yield base
    finally:
        with suppress(ProcessLookupError):
            os.killpg(demo.pid, signal.SIGTERM)
        demo.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(base: str, demo: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and demo.poll() is None:
        try:
            with urlopen(base):
                return
        except URLError:
            time.sleep(0.5)
    sys.exit("make demo didn't come up")


def first_payment(base: str, region: str, refund: str) -> dict[str, int]:
    """Type what the README says, and return what the provider moved meanwhile."""
    before = len(ledger(base))
    assert FIRST_PAYMENT is not None
    environment = {**os.environ, "BASE": base, "REGION": region, "REFUND": refund}
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", FIRST_PAYMENT[1]], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return {entry["verb"]: entry["amount"] for entry in ledger(base)[before:]}


def stripe_payment(base: str) -> str:
    """Pay with Stripe's twin as the checkout page does; return the order's payment status.

    The order is asked for only once a webhook has told the shop of the payment.
    """
    items = [{"variant_id": "variant_mug", "quantity": 1}]
    cart = send(base, "/store/carts", {"region_id": "reg_eu", "items": items})["cart"]
    collection = send(base, "/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]
    path = f"/store/payment-collections/{collection['id']}"
    begun = send(base, f"{path}/payment-sessions", {"provider_id": "pp_stripe_stripe"})["payment_collection"]
    intent = begun["payment_sessions"][0]["data"]
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    form = {
        "key": intent["publishable_key"],
        "client_secret": intent["client_secret"],
        "payment_method_data[type]": "card",
        **{f"payment_method_data[card][{name}]": value for name, value in card.items()},
        "return_url": f"{base}/checkout",
    }
    confirmation = f"{base}/stripe-twin/v1/payment_intents/{intent['id']}/confirm"
    with urlopen(confirmation, urlencode(form).encode()):
        pass
    deadline = time.monotonic() + WEBHOOK_SECONDS
    while send(base, path)["payment_collection"]["status"] != "authorized":
        if time.monotonic() > deadline:
            sys.exit("stripe: no webhook came")
        time.sleep(0.5)
    order: dict[str, Any] = send(base, f"/store/carts/{cart['id']}/complete", {})["order"]
    return str(order["payment_status"])


def send(base: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"x-publishable-api-key": "pk_demo", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(base + path, data, headers)) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def ledger(base: str) -> list[dict[str, int]]:
    with urlopen(f"{base}/fake-provider/ledger") as response:
        entries: list[dict[str, int]] = json.load(response)["entries"]
        return entries


if __name__ == "__main__":
    main()
