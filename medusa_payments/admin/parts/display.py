"""Show single values: money, states, moments, ids and JSON."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from django.contrib.admin import AdminSite
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from medusa_payments.exceptions import InvalidData
from medusa_payments.models.fields import ExactJSONEncoder
from medusa_payments.money import exponent, to_major_units

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Text: TypeAlias = "str | _StrPromise"

TONES = {
    "positive": {"applied", "authorized", "captured", "completed", "live", "succeeded", "valid", "won"},
    "progress": {
        "accepted",
        "awaiting",
        "open",
        "partially_authorized",
        "partially_captured",
        "partially_refunded",
        "pending",
        "pending_authorization",
        "received",
        "refunded",
        "refunding",
        "under_review",
        "waiting",
    },
    "warning": {"inquiry", "requires_more", "unknown"},
    "negative": {
        "disputed",
        "error",
        "failed",
        "frozen",
        "lost",
        "needs_person",
        "needs_response",
        "refused",
        "revoked",
    },
}


def money(minor_units: int, currency_code: str) -> str:
    """Return the amount in the format of the active language, with all digits of its currency: `59.97 EUR`.

    Providers may report currencies that ISO 4217 doesn't have. Their amounts are shown in minor units.
    """
    try:
        places = exponent(currency_code)
    except InvalidData:
        return _("%(amount)s minor units of %(currency)s") % {"amount": minor_units, "currency": currency_code.upper()}
    return f"{number_format(to_major_units(minor_units, currency_code), decimal_pos=places)} {currency_code.upper()}"


def badge(value: str, label: Text) -> SafeString:
    tone = next((tone for tone, values in TONES.items() if value in values), "neutral")
    return format_html('<span class="payments-badge payments-badge-{}">{}</span>', tone, label)


def moment(value: datetime) -> SafeString:
    """Return the local time to the second. Milliseconds and offset are shown on hover."""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    exact = local.isoformat(sep=" ", timespec="milliseconds")
    return format_html('<time datetime="{0}" title="{0}">{1}</time>', exact, f"{local:%Y-%m-%d %H:%M:%S}")


def identifier(value: str) -> SafeString:
    return format_html('<code class="payments-id">{}</code>', value)


def object_link(site: AdminSite, model: type[Model], pk: str) -> SafeString:
    """Return a link to the page of an object, or its id alone if the site doesn't show that model."""
    if not site.is_registered(model):
        return identifier(pk)
    url = reverse(admin_urlname(model._meta, SafeString("change")), args=[quote(pk)], current_app=site.name)
    return format_html('<a href="{}">{}</a>', url, identifier(pk))


def json(value: Any) -> SafeString:
    return document(ExactJSONEncoder().encode(value))


def document(text: str) -> SafeString:
    """Return a JSON document with line breaks. Return other text unchanged."""
    with suppress(msgspec.DecodeError):
        text = msgspec.json.format(text, indent=2)
    return format_html('<pre class="payments-json">{}</pre>', text)
