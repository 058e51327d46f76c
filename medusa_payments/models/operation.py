from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import (
    DatabaseTimeField,
    ExactJSONField,
    MajorUnits,
    MinorUnitsField,
    PrefixedIdField,
)
from medusa_payments.models.payment import Payment
from medusa_payments.models.payment_collection import PaymentCollection
from medusa_payments.models.payment_session import PaymentSession
from medusa_payments.models.refund_reason import RefundReason
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, Settler

KIND_CHOICES = [
    (OperationKind.INITIATE.value, _("initiate")),
    (OperationKind.UPDATE.value, _("update")),
    (OperationKind.AUTHORIZE.value, _("authorize")),
    (OperationKind.CAPTURE.value, _("capture")),
    (OperationKind.REFUND.value, _("refund")),
    (OperationKind.CANCEL.value, _("cancel")),
]

STATUS_CHOICES = [
    (OperationStatus.OPEN.value, _("open")),
    (OperationStatus.SUCCEEDED.value, _("succeeded")),
    (OperationStatus.REFUSED.value, _("refused")),
    (OperationStatus.NOT_EXECUTED.value, _("not executed")),
    (OperationStatus.ACCEPTED.value, _("accepted")),
]

REFUSAL_CHOICES = [
    (RefusalKind.DECLINED.value, _("declined")),
    (RefusalKind.REJECTED.value, _("rejected")),
]

SETTLER_CHOICES = [
    (Settler.ANSWER.value, _("the provider's answer")),
    (Settler.READ.value, _("reading at the provider")),
    (Settler.RESEND.value, _("sending it again")),
    (Settler.PERSON.value, _("a person")),
]


class Operation(models.Model):
    """The intent to make a provider do one mutating call, committed before the call. Never deleted.

    Its id is the first idempotency key at the provider. `key_number` counts the keys (`id`, `id/2`, `id/3`).
    `is_key_spent`: the provider answered the current key with an error and may repeat that answer, so nothing more is
    sent under it. `request` is the whole canonical request without the key, so that it can be resent. `intent` is what
    settling needs besides (note, reason). Until `lease_expires_at` (clock of the database) one process (`leased_by`)
    works on the operation; `fence` counts the takeovers. Until `in_flight_until` the request may still reach the
    provider, even if its answer was lost. Verbs that don't add up hold `open_slot` while they are open.
    `created_at` starts again when an operation that was not executed is reopened, as does the provider's memory of the
    key. The id keeps the time of the first request. `idempotency_key` is the key of the caller, unique with kind and
    target (payment, session or collection). `fingerprint` is a hash of that request. Callers without a key are owed
    the outcome (`debts`). `is_deferred`: the worker carries the operation out, and no caller waits for it.
    `attempts` counts how often the worker tried to find the outcome, the next time at `next_attempt_at`. From
    `needs_person_at` on the operation needs staff. While there is a next attempt, the worker still reads the provider.
    `settled_by` is how the outcome was found. `erased_at`: `request` and `intent` were erased.
    `line_id` is the id of the future ledger line of a refund, shown from the reservation on. `line_ref` is the
    reference of a refund that the provider has only accepted.
    """

    id = PrefixedIdField(prefix="payop", verbose_name=_("id"))
    kind = models.CharField(_("kind"), max_length=16, choices=KIND_CHOICES)
    status = models.CharField(_("status"), max_length=16, choices=STATUS_CHOICES, default=OperationStatus.OPEN.value)
    payment_collection = models.ForeignKey(
        PaymentCollection, models.PROTECT, related_name="operations", verbose_name=_("payment collection")
    )
    payment_session = models.ForeignKey(
        PaymentSession, models.PROTECT, related_name="operations", verbose_name=_("payment session")
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="operations", verbose_name=_("payment"), null=True, blank=True
    )
    provider_id = models.CharField(_("provider"), max_length=100)
    provider_account = models.CharField(_("provider account"), max_length=100)
    api_version = models.CharField(_("API version"), max_length=64, blank=True, default="")
    amount = MinorUnitsField(_("amount"), null=True, blank=True)  # type: ignore[misc]
    requested_amount = MinorUnitsField(_("requested amount"), null=True, blank=True)  # type: ignore[misc]
    currency_code = models.CharField(_("currency"), max_length=3)
    request = ExactJSONField(verbose_name=_("request"))
    intent = ExactJSONField(verbose_name=_("intent"), default=dict, blank=True)
    open_slot = models.CharField(_("open slot"), max_length=128, null=True, blank=True, unique=True, editable=False)
    lease_expires_at = models.DateTimeField(_("lease expires at"), editable=False)
    in_flight_until = models.DateTimeField(_("in flight until"), null=True, blank=True, editable=False)
    leased_by = models.CharField(_("leased by"), max_length=255, blank=True, default="", editable=False)
    fence = models.PositiveIntegerField(_("fence"), default=0, editable=False)
    key_number = models.PositiveIntegerField(_("key number"), default=1, editable=False)
    is_key_spent = models.BooleanField(_("key is spent"), default=False, editable=False)
    target = models.CharField(_("target"), max_length=64)
    idempotency_key = models.CharField(_("idempotency key"), max_length=255, null=True, blank=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True, default="", editable=False)
    line_id = models.CharField(_("refund"), max_length=64, null=True, blank=True, unique=True, editable=False)
    line_ref = models.CharField(_("provider reference"), max_length=255, null=True, blank=True, editable=False)
    refund_reason = models.ForeignKey(
        RefundReason, models.PROTECT, related_name="+", verbose_name=_("refund reason"), null=True, blank=True
    )
    refusal = models.CharField(_("refusal"), max_length=16, choices=REFUSAL_CHOICES, blank=True, default="")
    error_code = models.CharField(_("error code"), max_length=255, blank=True, default="")
    error_message = models.TextField(_("error message"), blank=True, default="")
    is_deferred = models.BooleanField(_("deferred"), default=False, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True, editable=False)
    needs_person_at = models.DateTimeField(_("needs a person since"), null=True, blank=True, editable=False)
    settled_by = models.CharField(
        _("settled by"), max_length=16, choices=SETTLER_CHOICES, blank=True, default="", editable=False
    )
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)
    created_by = models.CharField(_("created by"), max_length=255, blank=True, default="")
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True, editable=False)

    amount_major = MajorUnits[Decimal | None]("amount")
    requested_amount_major = MajorUnits[Decimal | None]("requested_amount")

    if TYPE_CHECKING:
        payment_collection_id: str
        payment_session_id: str
        payment_id: str | None
        refund_reason_id: str | None

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        indexes = [
            models.Index(fields=["status", "lease_expires_at"], name="mp_operation_open"),
            models.Index(fields=["payment", "kind", "status"], name="mp_operation_payment"),
            models.Index(fields=["-created_at", "id"], name="mp_operation_created"),
            models.Index(fields=["settled_at"], name="mp_operation_erasable", condition=Q(erased_at__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key", "kind", "target"], name="mp_operation_idempotency_key"),
            models.CheckConstraint(
                name="mp_operation_kind", condition=Q(kind__in=[member.value for member in OperationKind])
            ),
            models.CheckConstraint(
                name="mp_operation_status",
                condition=Q(status__in=[member.value for member in OperationStatus]),
            ),
            models.CheckConstraint(
                name="mp_operation_amounts",
                condition=Q(Q(amount__isnull=True) | Q(amount__gte=0))
                & Q(Q(requested_amount__isnull=True) | Q(requested_amount__gt=0)),
            ),
            models.CheckConstraint(
                name="mp_operation_slot_only_while_open",
                condition=Q(open_slot__isnull=True) | Q(status=OperationStatus.OPEN.value),
            ),
            models.CheckConstraint(
                name="mp_operation_refusal",
                condition=Q(status=OperationStatus.REFUSED.value, refusal__in=[member.value for member in RefusalKind])
                | (~Q(status=OperationStatus.REFUSED.value) & Q(refusal="")),
            ),
            models.CheckConstraint(
                name="mp_operation_settled",
                condition=Q(status=OperationStatus.OPEN.value, settled_at__isnull=True)
                | (~Q(status=OperationStatus.OPEN.value) & Q(settled_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_open(self) -> bool:
        """Return True if the outcome isn't booked yet: the operation is in flight or unknown."""
        return self.status == OperationStatus.OPEN
