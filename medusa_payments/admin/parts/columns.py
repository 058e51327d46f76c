"""Columns of lists and pages. Each function returns a method for a `ModelAdmin` class body.

The stylesheet knows the kind of a column by the suffix of its attribute: `_money`, `_link`, `_time`.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.contrib import admin

from medusa_payments.admin.parts import display
from medusa_payments.admin.parts.display import Text

Column = Callable[[Any, Any], str]


def money(field: str, label: Text, *, currency: str = "currency_code", is_sortable: bool = True) -> Column:
    """Show an amount in minor units. `currency` is the dotted path to its currency."""

    @admin.display(description=label, ordering=field if is_sortable else None)
    def column(model_admin: Any, row: Any) -> str:
        minor_units = getattr(row, field)
        if minor_units is None:
            return _empty(model_admin)
        return display.money(minor_units, attrgetter(currency)(row))

    return column


def computed_money(amount_of: Callable[[Any], int], label: Text) -> Column:
    """Show a computed amount in minor units, in the currency of the row."""

    @admin.display(description=label)
    def column(model_admin: Any, row: Any) -> str:
        return display.money(amount_of(row), row.currency_code)

    return column


def status(label: Text) -> Column:
    @admin.display(description=label, ordering="status")
    def column(model_admin: Any, row: Any) -> str:
        return display.badge(row.status, row.get_status_display())

    return column


def link(relation: str, label: Text) -> Column:
    """Show a link to the object of a foreign key, without loading the object."""

    @admin.display(description=label, ordering=relation)
    def column(model_admin: Any, row: Any) -> str:
        field = row._meta.get_field(relation)
        pk = getattr(row, field.attname)
        return display.object_link(model_admin.admin_site, field.related_model, pk) if pk else _empty(model_admin)

    return column


def identifier(path: str, label: Text) -> Column:
    """Show an id or reference of the shop or the provider, at a dotted path from the row."""

    @admin.display(description=label, ordering=path.replace(".", "__"))
    def column(model_admin: Any, row: Any) -> str:
        value = attrgetter(path)(row)
        return display.identifier(value) if value else _empty(model_admin)

    return column


def moment(field: str, label: Text) -> Column:
    @admin.display(description=label, ordering=field)
    def column(model_admin: Any, row: Any) -> str:
        value = getattr(row, field)
        return display.moment(value) if value else _empty(model_admin)

    return column


def json(field: str, label: Text) -> Column:
    @admin.display(description=label)
    def column(model_admin: Any, row: Any) -> str:
        value = getattr(row, field)
        return display.json(value) if value else _empty(model_admin)

    return column


def who(label: Text) -> Column:
    """Show the name of who did it; see `actors.put_names`."""

    @admin.display(description=label)
    def column(model_admin: Any, row: Any) -> str:
        return getattr(row, "actor_name", "") or _empty(model_admin)

    return column


def _empty(model_admin: Any) -> str:
    text: str = model_admin.get_empty_value_display()
    return text
