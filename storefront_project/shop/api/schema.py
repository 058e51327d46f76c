"""How the shop's own endpoints are described."""

from collections.abc import Callable
from typing import Any

from medusa_payments.api.schema import ActionT, PaymentsAutoSchema, operation

TAGS = ["Demo shop"]


class ShopAutoSchema(PaymentsAutoSchema):
    """Without the idempotency key, which only payments know."""

    def get_override_parameters(self) -> list[Any]:
        return self._publishable_key()


def shop_operation(**description: Any) -> Callable[[ActionT], ActionT]:
    """Describe an action that moves no money; takes what `operation` takes but `tags`."""

    def describe(action: ActionT) -> ActionT:
        action.__dict__.setdefault("kwargs", {})["schema"] = ShopAutoSchema
        return operation(tags=TAGS, **description)(action)

    return describe
