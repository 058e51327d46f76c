"""Log records without card data: Django's quote addresses and headers, and people paste anything into those."""

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, QueryDict

from medusa_payments.sensitive_data import HIDDEN, names_card_data, quotes_sensitive_data, without_quoted_data

_LONG_NAME = re.compile(r"[\w-]{32,}", re.ASCII)
_LONGEST_WORD = 15
_PARAMETER = re.compile(r"(?<![\w\[\]%.-])([\w\[\]%.-]{1,64})=[^&\s\"']+")


class SensitiveDataFilter(logging.Filter):
    """Lets every record pass, without the card numbers of large schemes, the secret keys and the named security codes
    that its text quotes; of a request that was refused (4xx) also without what looks like a token in its address. For
    loggers and for handlers.

    A request that holds such data is taken off its record, so that no handler mails it or writes it down. So is an
    exception that quotes such data: its traceback stays, as a text.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        is_refused = _is_of_refused_request(record)
        show = _shown_without_tokens if is_refused else _shown
        record.msg = _shown(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(map(show, record.args))
        elif record.args:
            record.args = {name: show(value) for name, value in record.args.items()}
        _hide_exception(record)
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and (
            _holds_card_data(request, is_form_read=record.levelno >= logging.ERROR)
            or (is_refused and show(request.path) != request.path)
        ):
            record.request = None
        return True


_FILTER = SensitiveDataFilter()


def redact_django_logs() -> None:
    """Put the filter on the loggers to which Django writes what it was asked for. Doing it again changes nothing.

    A logger's filter isn't asked about what its children log, so each gets its own.
    """
    for name in ("django.request", "django.server", "django.security", "django.security.csrf", *_security_loggers()):
        logging.getLogger(name).addFilter(_FILTER)


def _security_loggers(cause: type[SuspiciousOperation] = SuspiciousOperation) -> Iterator[str]:
    """Django names a logger after each class of suspicious operation."""
    yield f"django.security.{cause.__name__}"
    for kind in cause.__subclasses__():
        yield from _security_loggers(kind)


def _shown(value: Any) -> Any:
    if not isinstance(value, str | BaseException):
        return value
    text = str(value)
    shown = _PARAMETER.sub(_shown_parameter, without_quoted_data(text))
    if quotes_sensitive_data(unquote_plus(shown)):
        return HIDDEN
    return value if shown == text else shown


def _is_of_refused_request(record: logging.LogRecord) -> bool:
    status = getattr(record, "status_code", None)
    return isinstance(status, int) and 400 <= status < 500


def _shown_without_tokens(value: Any) -> Any:
    """Nobody has put anything at such an address: what was pasted there may be the key to something else."""
    shown = _shown(value)
    return _LONG_NAME.sub(_shown_name, shown) if isinstance(shown, str) else shown


def _shown_name(match: re.Match[str]) -> str:
    """Names consist of short words and numbers; ids and hashes are written in one case."""
    words = [word for word in re.split("[-_]", match[0]) if len(word) > _LONGEST_WORD]
    is_token = any(all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", "[0-9]")) for word in words)
    return HIDDEN if is_token else match[0]


def _shown_parameter(match: re.Match[str]) -> str:
    return f"{match[1]}={HIDDEN}" if names_card_data(unquote_plus(match[1])) else match[0]


def _hide_exception(record: logging.LogRecord) -> None:
    if record.exc_info and record.exc_info[0]:
        told = logging.Formatter().formatException(record.exc_info)
        shown = _shown(told)
        if shown != told:
            record.exc_info, record.exc_text = None, shown


def _holds_card_data(request: HttpRequest, *, is_form_read: bool) -> bool:
    """Say whether a report on a request would show card data: its address, its headers or its form."""
    headers = [str(value) for name, value in request.META.items() if name.startswith("HTTP_")]
    is_shown_in_full = all(_shown(text) == text for text in (request.get_full_path(), *headers))
    return not is_shown_in_full or any(map(_have_card_data, _parameters(request, is_form_read)))


def _parameters(request: HttpRequest, is_form_read: bool) -> Iterator[object]:
    """Parameters that can't be read, or not any more, aren't in the report either."""
    with suppress(Exception):
        yield request.GET
    if is_form_read:
        with suppress(Exception):
            yield request.POST


def _have_card_data(parameters: object) -> bool:
    """A framework puts whatever a parser of its has made in the place of a form."""
    named = parameters.lists() if isinstance(parameters, QueryDict) else [("", [str(parameters)])]
    return any(names_card_data(name) or any(map(quotes_sensitive_data, (name, *values))) for name, values in named)
