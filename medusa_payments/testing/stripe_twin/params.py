"""Parameters, checked against the typed definitions that ship with the `stripe` library.

They are those of exactly the API version that the library speaks, so a parameter that Stripe has dropped is refused
here as well. Enum values are checked too: a definition such as `Literal["manual"] | str` names those that exist.
"""

import importlib
import re
import typing
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import stripe
from stripe import RequestOptions, StripeContext
from stripe._stripe_object import UntypedStripeObject

from medusa_payments.providers.stripe.client import API_VERSION
from medusa_payments.testing.stripe_twin.errors import StripeTwinError, malformed
from medusa_payments.testing.stripe_twin.wire import Document

SPOKEN = frozenset({API_VERSION, str(stripe.api_version)})
"""The versions that the twin answers to: the provider's own, and the library's, whose definitions it has. It answers
both as the first.
"""

_WITHDRAWN = {"payment_method_types": "payment_method_types_no_longer_supported"}
"""Known to older versions, and to older libraries: https://docs.stripe.com/changelog/endive/2026-09-30 ."""

_NAME = re.compile(r"(^|\[)name\]?$")
"""A name may be empty."""

_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def read(definition: str, form: Mapping[str, Any], *, also: frozenset[str] = frozenset()) -> Document:
    """Return a request's parameters with their types (numbers, booleans, lists).

    `definition` is the name of a class in `stripe.params`; `also` are names that it doesn't know and that are let
    through as they are. Raises `StripeTwinError` for unknown, missing and mistyped ones.
    """
    known = {name: value for name, value in form.items() if name not in also}
    read_params = _fields(_definition(definition), known, path="")
    return read_params | {name: form[name] for name in also if name in form}


@cache
def _definition(name: str) -> Any:
    module = _CAMEL.sub("_", name).lower()
    return getattr(importlib.import_module(f"stripe.params._{module}"), name)


@cache
def _hints(definition: Any) -> dict[str, Any]:
    module = importlib.import_module(definition.__module__)
    names = {"StripeContext": StripeContext, "UntypedStripeObject": UntypedStripeObject, "Mapping": Mapping}
    hints = get_type_hints(definition, globalns={**vars(typing), **vars(module)}, localns=names, include_extras=True)
    return {name: _bare(hint) for name, hint in hints.items() if name not in RequestOptions.__annotations__}


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in {NotRequired, Required} else hint


def _fields(definition: Any, value: Any, *, path: str) -> Document:
    if not isinstance(value, Mapping):
        raise malformed(f"Invalid object: {path}", param=path)
    hints = _hints(definition)
    for name in value:
        if name not in hints or (name in _WITHDRAWN and not path):
            raise _unknown(f"{path}[{name}]" if path else name)
    for name in sorted(definition.__required_keys__ & hints.keys()):
        if name not in value:
            param = f"{path}[{name}]" if path else name
            raise malformed(f"Missing required param: {param}.", code="parameter_missing", param=param)
    return {name: _checked(hints[name], item, f"{path}[{name}]" if path else name) for name, item in value.items()}


def _unknown(param: str) -> StripeTwinError:
    code = _WITHDRAWN.get(param, "parameter_unknown")
    return malformed(f"Received unknown parameter: {param}", code=code, param=param)


def _checked(hint: Any, value: Any, path: str) -> Any:
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return _one_of(hint, value, path)
    if origin is Literal:
        return _member(get_args(hint), value, path)
    if origin is list:
        return [_checked(get_args(hint)[0], item, f"{path}[{place}]") for place, item in _items(value, path)]
    if origin is dict:
        return _map(value, path)
    if _is_definition(hint):
        return _fields(hint, value, path=path)
    scalar: Callable[[Any, str], Any] = _SCALARS.get(hint, _string)
    return scalar(value, path)


def _one_of(union: Any, value: Any, path: str) -> Any:
    members = [member for member in get_args(union) if get_origin(member) is not UntypedStripeObject]
    names = [name for member in members if get_origin(member) is Literal for name in get_args(member)]
    if value in names:
        return value
    others = [member for member in members if get_origin(member) is not Literal]
    if any(names):
        # The `str` beside the names stands for those that only a later version knows.
        others = [member for member in others if member is not str]
    fitting = [member for member in others if isinstance(value, Mapping) == _is_nested(member)]
    if not fitting:
        return _member(tuple(names), value, path)
    for member in fitting[:-1]:
        try:
            return _checked(member, value, path)
        except StripeTwinError:
            continue
    return _checked(fitting[-1], value, path)


def _is_nested(hint: Any) -> bool:
    return get_origin(hint) in {list, dict} or _is_definition(hint)


def _is_definition(hint: Any) -> bool:
    # `typing.is_typeddict` doesn't know those that are made by typing_extensions, as the library's are.
    return hasattr(hint, "__required_keys__")


def _member(names: tuple[Any, ...], value: Any, path: str) -> Any:
    if value in names:
        return value
    *most, last = [name for name in names if name] or [""]
    allowed = f"one of {', '.join(most)}, or {last}" if most else last
    raise malformed(f"Invalid {path}: must be {allowed}", param=path)


def _items(value: Any, path: str) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping) or not all(place.isdigit() for place in value):
        raise malformed("Invalid array", param=path)
    return sorted(value.items(), key=lambda item: int(item[0]))


def _map(value: Any, path: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise malformed("Invalid object", param=path)
    return {name: _text(item, f"{path}[{name}]") for name, item in value.items()}


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise malformed("Invalid string", param=path)
    return value


def _string(value: Any, path: str) -> str:
    text = _text(value, path)
    if not text and not _NAME.search(path):
        message = (
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a value."
        )
        raise malformed(message, code="parameter_invalid_empty", param=path)
    return text


def _integer(value: Any, path: str) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
        raise malformed("Invalid integer", code="parameter_invalid_integer", param=path)
    return int(value)


def _boolean(value: Any, path: str) -> bool:
    if value not in ("true", "false"):
        raise malformed("Invalid boolean", param=path)
    return bool(value == "true")


_SCALARS: dict[Any, Callable[[Any, str], Any]] = {int: _integer, bool: _boolean, str: _string}
