from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField
from medusa_payments.models.operation import Operation


class Debt(models.Model):
    """An answer that is owed to a caller who sent a capture or refund without an idempotency key.

    `who` names the caller as `Operation.created_by` does. `paid_at` is when the answer was given. `back_at` is when a
    caller who was sent away may retry. `handed_at` is when an answer to a caller was started; it may not be
    finished. `is_doubtful`: `who` was sent away more often than there are debts, as one caller or as several.
    """

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="debts", verbose_name=_("operation"))
    who = models.CharField(_("who"), max_length=255, blank=True, default="")
    incurred_at = DatabaseTimeField(verbose_name=_("incurred at"))
    back_at = models.DateTimeField(_("back at"), null=True, blank=True, editable=False)
    handed_at = models.DateTimeField(_("handed at"), null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True, editable=False)
    is_doubtful = models.BooleanField(_("doubtful"), default=False, editable=False)

    if TYPE_CHECKING:
        operation_id: str

    class Meta:
        verbose_name = _("debt")
        verbose_name_plural = _("debts")

    def __str__(self) -> str:
        return self.operation_id
