"""Cases of what Stripe was seen to do, or says that it does: recordings of others, its documentation and changelog.

Each stands in `tests/stripe_twin/cases` with its source. A step sends a request (`with` its parameters, `keep` what
later steps name in braces) and says which `status` and which fields it is answered with; or it lets time pass (`wait`),
or says which events were told by then. `each` plays a case once for each value.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import stripe
import yaml

from medusa_payments.testing.stripe_twin.twin import ACCOUNT, PUBLISHABLE_KEY, SECRET_KEY, StripeTwin
from tests.stripe_twin.contract.conftest import REAL_KEY

pytestmark = pytest.mark.any_engine

CASES = Path(__file__).parent.parent / "cases"

ON_THE_TWIN_ONLY = {"clock", "multicapture"}
"""What Stripe gives to no new account, or to nobody: a clock to turn."""

Case = dict[str, Any]


def cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            for known in variants(case):
                named = f"{path.stem}-{case['name']}{' ' if known else ''}{' '.join(known.values())}"
                yield pytest.param(case, known, id=named.replace(" ", "-"))


def variants(case: Case) -> list[dict[str, str]]:
    name, values = next(iter(case.get("each", {}).items()), ("", None))
    if values is None:
        return [{}]
    parts = [str(value).split() for value in values]
    return [
        {name: words[0]} if len(words) == 1 else {f"{name}.{place}": word for place, word in enumerate(words)}
        for words in parts
    ]


class Player:
    """Plays one case, in front of the twin or of Stripe."""

    def __init__(self, api: stripe.StripeClient, twin: StripeTwin | None, known: dict[str, str]) -> None:
        self.api = api
        self.twin = twin
        self.known = dict(known)

    def play(self, step: dict[str, Any]) -> list[str]:
        """Return what was otherwise than the step says."""
        if "wait" in step and self.twin:
            self.twin.advance(step["wait"])
        if "send" in step:
            return self.send(step)
        told = self.told() if {"told", "never_told"} & step.keys() else set()
        missing = [f"{name} wasn't told" for name in step.get("told", []) if name not in told]
        return missing + [f"{name} was told" for name in step.get("never_told", []) if name in told]

    def send(self, step: dict[str, Any]) -> list[str]:
        method, path = self.filled(step["send"]).split(" ", 1)
        status, body = self.answer(method.lower(), f"/v1/{quote(path)}", self.filled(step.get("with", {})))
        if status != step["status"]:
            return [f"{step['send']} was answered with {status}: {body.get('error')}"]
        self.known |= {name: found(body, path) for name, path in step.get("keep", {}).items()}
        expected = self.filled(step.get("answer", {})).items()
        actual = {path: found(body, path) for path, _ in expected}
        return [
            f"{step['send']}: {path} is {actual[path]!r}" for path, value in expected if not fits(actual[path], value)
        ]

    def answer(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            answer = self.api.raw_request(method, path, **params)
        except stripe.StripeError as error:
            return error.http_status or 0, error.json_body or {}
        return answer.code, answer.data

    def told(self) -> set[str]:
        intent_id = self.known["pi"]
        events = self.api.v1.events.list({"limit": 100}).data
        return {event.type for event in events if intent_id in str(event.data.object)}

    def filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if not isinstance(value, str):
            return value
        return re.sub(r"{([\w.]+)}", lambda match: self.known[match[1]], value)


class Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


def found(body: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(body, dict) or name not in body:
            return ABSENT
        body = body[name]
    return body


def fits(actual: Any, expected: Any) -> bool:
    if isinstance(expected, dict) and "starts" in expected:
        return isinstance(actual, str) and actual.startswith(expected["starts"])
    if isinstance(expected, dict) and "one_of" in expected:
        return actual in expected["one_of"]
    if isinstance(expected, dict) and "absent" in expected:
        return actual is ABSENT
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(fits(actual.get(name, ABSENT), value) for name, value in expected.items())
    return bool(actual == expected)


@pytest.fixture(params=["twin", pytest.param("stripe", marks=[pytest.mark.stripe_sandbox, pytest.mark.enable_socket])])
def place(request: pytest.FixtureRequest) -> tuple[stripe.StripeClient, StripeTwin | None]:
    if request.param == "stripe":
        return stripe.StripeClient(REAL_KEY, max_network_retries=2), None
    twin: StripeTwin = request.getfixturevalue("twin")
    twin.open_account(ACCOUNT, SECRET_KEY, PUBLISHABLE_KEY, has_multicapture=True)
    return stripe.StripeClient(SECRET_KEY, http_client=twin.http_client()), twin


@pytest.mark.parametrize(("case", "known"), list(cases()))
def test_case(place: tuple[stripe.StripeClient, StripeTwin | None], case: Case, known: dict[str, str]) -> None:
    api, twin = place
    if twin is None and ON_THE_TWIN_ONLY & set(case.get("needs", [])):
        pytest.skip("Stripe has no clock to turn, and no multicapture for a new account")
    player = Player(api, twin, known)

    for step in case["steps"]:
        assert player.play(step) == [], case["source"]
