"""Request bodies: bounded, exact numbers, nothing a database or a JSON reader further on could choke on."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any

import msgspec
from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from medusa_payments.api.wire.brackets import nested
from medusa_payments.exceptions import InvalidData
from medusa_payments.money import plain
from medusa_payments.sensitive_data import quotes_sensitive_data

MAX_BODY_BYTES = 100 * 1024
MAX_NESTING = 32
MAX_NUMBER_DIGITS = 64
"""Room for every storable amount; a longer number is refused before anyone calculates with it."""

_NUMBER_BOUND = 10**MAX_NUMBER_DIGITS

SENSITIVE_DATA = "Invalid request: card numbers and secret keys can't be sent here"

LENGTH_NEEDED = "The length of the request body is not known. Send Content-Length."
BODY_TOO_LARGE = f"The request body is larger than {MAX_BODY_BYTES // 1024} kB."


class BodyTooLarge(APIException):
    """More than `MAX_BODY_BYTES` were sent; nothing of them was used."""

    status_code = 413
    default_detail = BODY_TOO_LARGE


class JSONParser(BaseParser):
    """Reads a JSON object. Numbers become `int` or plain `Decimal`, never float; of equal keys the last one counts.

    Raises `InvalidData` for anything that isn't a JSON object in UTF-8 (lone surrogates included), for nesting over
    `MAX_NESTING`, for NUL, for texts that quote a card number or a secret key, and for numbers of more than
    `MAX_NUMBER_DIGITS` digits; `BodyTooLarge` for too many bytes.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = _read(stream)
        if not body.strip():
            return {}
        document = _decoded(body)
        if not isinstance(document, dict):
            raise InvalidData("Invalid request: The request body must be a JSON object")
        _check(document)
        return document


class FormParser(BaseParser):
    """Reads an urlencoded form, bracketed keys nested; every value stays a string. Raises what `JSONParser` does."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        form = QueryDict(_read(stream), encoding="utf-8")
        for key, values in form.lists():
            _check_text(key)
            for text in values:
                _check_text(text, is_id=key.endswith("_id"))
        return nested(form)


def refuse_unseen_body(request: HttpRequest) -> None:
    """Raise `InvalidData` for a body without `Content-Length`, as chunks or over HTTP/2: nobody would read it.

    What it says would be lost without a word, and a capture or refund without its amount is one of everything.
    """
    if request.META.get("CONTENT_LENGTH"):
        return
    if "transfer-encoding" in request.headers or request.read(1):
        raise InvalidData(LENGTH_NEEDED)


def _read(stream: IO[Any]) -> bytes:
    body: bytes = stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge
    return body


def _decoded(body: bytes) -> Any:
    try:
        return _DECODER.decode(body)
    except RecursionError:
        raise _nested_too_deeply() from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidData(f"The request body is not valid JSON: {error}") from None


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _number_too_long() from None
    _, digits, exponent = number.as_tuple()
    if len(digits) > MAX_NUMBER_DIGITS or not isinstance(exponent, int) or abs(exponent) > MAX_NUMBER_DIGITS:
        raise _number_too_long()
    return plain(number)


_DECODER = msgspec.json.Decoder(Any, float_hook=_number)


def _check(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_NESTING):
        level = [value for container in level for value in _checked_values(container, has_ids=container is document)]
        if not level:
            return
    raise _nested_too_deeply()


def _checked_values(container: Any, *, has_ids: bool) -> Iterator[Any]:
    """Check what a record or list holds; yield the containers among it. `has_ids`: it is the request itself."""
    if isinstance(container, dict):
        for key in container:
            _check_text(key)
        items = list(container.items())
    else:
        items = [("", value) for value in container]
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield value
        elif isinstance(value, str):
            _check_text(value, is_id=has_ids and key.endswith("_id"))
        elif isinstance(value, int) and abs(value) >= _NUMBER_BOUND:
            raise _number_too_long()


def _check_text(text: str, *, is_id: bool = False) -> None:
    """Ids are looked up, and never stored or quoted unless they are found: a host's may be any long number."""
    if "\0" in text:
        raise InvalidData("Invalid request: NUL characters are not allowed")
    if not is_id and quotes_sensitive_data(text):
        raise InvalidData(SENSITIVE_DATA, code="sensitive_data")


def _nested_too_deeply() -> InvalidData:
    return InvalidData(f"Invalid request: nesting over {MAX_NESTING} levels is not allowed")


def _number_too_long() -> InvalidData:
    return InvalidData(f"Invalid request: numbers over {MAX_NUMBER_DIGITS} digits are not allowed")
