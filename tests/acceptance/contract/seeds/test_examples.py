"""What the walks hold as a document's example is the document's example, wherever the documents are at hand."""

import json
from typing import Any

import pytest

from tests.acceptance.contract.openapi_differences import contract_folder
from tests.acceptance.contract.seeds import initialize_payment_session, test_v2_create_payment_collection

pytestmark = [pytest.mark.any_engine, pytest.mark.peer_documents]

EXAMPLES = {
    "v2-create-payment-collection": test_v2_create_payment_collection.RESPONSE,
    **initialize_payment_session.EXAMPLES,
}


def example_in(text: str) -> Any:
    """Return the first JSON object of a text that has the envelope."""
    decoder = json.JSONDecoder()
    for start in (place for place, character in enumerate(text) if character == "{"):
        try:
            value, _ = decoder.raw_decode(text, start)
        except ValueError:
            continue
        if isinstance(value, dict) and "payment_collection" in value:
            return value
    raise LookupError("no example")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_the_documents(name: str) -> None:
    folder = contract_folder()
    assert folder is not None
    document = folder.parent / "seeds" / f"{name}.txt"

    assert example_in(document.read_text(errors="replace")) == EXAMPLES[name]
