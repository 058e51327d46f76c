"""Capture, refund and cancel: the buttons on the page of a payment, and the pages behind them."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.http import HttpRequest
from django.urls import URLPattern, path

from medusa_payments.admin.money.decision_view import decision_urls
from medusa_payments.admin.money.decisions import LOOK, UNFREEZE
from medusa_payments.admin.money.verbs import VERBS
from medusa_payments.admin.money.view import MoneyView, may_move_money, token_of
from medusa_payments.admin.parts.question_page import url_of
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin, Tool
from medusa_payments.admin.parts.transactions import without_transactions
from medusa_payments.models import Operation, Payment
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus

DECISIONS = [UNFREEZE, LOOK]


class MoneyAdmin(ReadOnlyAdmin[Payment]):
    """Adds buttons that call services. The row of the payment itself stays read-only.

    Each verb needs its own permission (`capture_payment`, `refund_payment`, `cancel_payment`) and the one to view.
    """

    def get_urls(self) -> list[URLPattern]:
        patterns = []
        for verb in VERBS:
            view = self.admin_site.admin_view(MoneyView.as_view(model_admin=self, verb=verb))
            for route in (f"<path:object_id>/{verb.name}/", f"<path:object_id>/{verb.name}/<uuid:token>/"):
                patterns.append(path(route, view, name=f"{self.opts.app_label}_{self.opts.model_name}_{verb.name}"))
        return [*without_transactions(patterns), *decision_urls(self, DECISIONS), *super().get_urls()]

    def tools(self, request: HttpRequest, obj: Payment) -> Sequence[Tool]:
        verbs = {verb.name: verb for verb in VERBS if may_move_money(self, request, verb)}
        unfinished = [
            Tool(label=verbs[kind].find_out, url=url_of(self, kind, obj.pk, token))
            for kind, token in self._unfinished(obj)
            if kind in verbs
        ]
        to_do = [
            Tool(label=verb.title, url=url_of(self, verb.name, obj.pk))
            for verb in verbs.values()
            if verb.available(obj)
        ]
        to_decide = [
            Tool(label=decision.title, url=url_of(self, decision.name, obj.pk))
            for decision in DECISIONS
            if decision.is_due(obj) and request.user.has_perm(decision.permission)
        ]
        return [*unfinished, *to_decide, *([] if obj.frozen_at else to_do)]

    def _unfinished(self, payment: Payment) -> Iterator[tuple[str, UUID]]:
        """Yield kind and token of the open operations that these pages began."""
        if payment.capturing_amount or payment.releasing_amount or payment.refunding_amount:
            begun = primary(Operation).filter(payment=payment, status=OperationStatus.OPEN.value)
            # A part of a refund across payments shares its key with the other parts, so it can't be sent alone.
            begun = begun.exclude(kind=OperationKind.REFUND.value, requested_amount=None)
            for kind, key in begun.order_by("created_at", "id").values_list("kind", "idempotency_key"):
                token = token_of(key)
                if token is not None:
                    yield kind, token
