"""Responses as JSON whose numbers are exactly the amounts; one format, whatever the caller accepts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.utils.functional import Promise
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JSONRenderer(BaseRenderer):
    """Writes decimals with their own digits (59.97, never through float) and times as `wire_time` does."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else _ENCODER.encode(_with_wire_times(data))


class AlwaysJSON(DefaultContentNegotiation):
    """Takes the one renderer: no `Accept` header and no `format` parameter changes the answer."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def wire_time(moment: datetime) -> str:
    """Return an aware time as Medusa writes it: UTC, milliseconds, `2024-01-31T12:00:00.000Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _with_wire_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_wire_times(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_wire_times(inner) for inner in value]
    return wire_time(value) if isinstance(value, datetime) else value


def _as_text(value: Any) -> str:
    if isinstance(value, Promise):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no place in a response")


_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_as_text)
