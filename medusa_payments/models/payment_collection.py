from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import (
    HOST_ID_LENGTH,
    DatabaseTimeField,
    ExactJSONField,
    MajorUnits,
    MinorUnitsField,
    PrefixedIdField,
)
from medusa_payments.states import CollectionStatus, UndoPolicy

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from medusa_payments.models.event import Event
    from medusa_payments.models.operation import Operation
    from medusa_payments.models.payment import Payment
    from medusa_payments.models.payment_session import PaymentSession

STATUS_CHOICES = [
    (CollectionStatus.NOT_PAID.value, _("not paid")),
    (CollectionStatus.AWAITING.value, _("awaiting")),
    (CollectionStatus.PARTIALLY_AUTHORIZED.value, _("partially authorized")),
    (CollectionStatus.AUTHORIZED.value, _("authorized")),
    (CollectionStatus.PARTIALLY_CAPTURED.value, _("partially captured")),
    (CollectionStatus.COMPLETED.value, _("completed")),
    (CollectionStatus.CANCELED.value, _("canceled")),
    (CollectionStatus.FAILED.value, _("failed")),
]

ON_FAILURE_CHOICES = [
    (UndoPolicy.HOLD.value, _("hold the money")),
    (UndoPolicy.VOID.value, _("release what is not captured")),
    (UndoPolicy.REFUND.value, _("release and refund")),
]


class PaymentCollection(models.Model):
    """What is to be paid for one cart or order. Its row is the only lock of the money core.

    `status` and the three totals are computed from sessions and payments (`states.collection_state`) and stored.
    `live_cart_id` equals `cart_id` while the collection is the live one of its cart. A cart has at most one.
    `idempotency_key` is the key of the caller who created the collection, unique with the order. `fingerprint` is a
    hash of that request. `on_failure` is the policy for the money when the order fails, or when the collection isn't
    paid in full by `resolve_by`. `failed_at` is when that happened. The worker carries out follow-ups at
    `attention_at` (NULL: there are none). `attention_count` counts its attempts since there were any.
    """

    id = PrefixedIdField(prefix="pay_col", verbose_name=_("id"))
    currency_code = models.CharField(_("currency"), max_length=3)
    amount = MinorUnitsField(_("amount"))
    status = models.CharField(
        _("status"), max_length=32, choices=STATUS_CHOICES, default=CollectionStatus.NOT_PAID.value
    )
    authorized_amount = MinorUnitsField(_("authorized"), default=0)
    captured_amount = MinorUnitsField(_("captured"), default=0)
    refunded_amount = MinorUnitsField(_("refunded"), default=0)
    cart_id = models.CharField(_("cart"), max_length=HOST_ID_LENGTH, blank=True, default="", db_index=True)
    live_cart_id = models.CharField(
        _("live cart"), max_length=HOST_ID_LENGTH, null=True, blank=True, unique=True, editable=False
    )
    order_id = models.CharField(_("order"), max_length=HOST_ID_LENGTH, blank=True, default="", db_index=True)
    region_id = models.CharField(_("region"), max_length=HOST_ID_LENGTH, blank=True, default="", db_index=True)
    customer_id = models.CharField(_("customer"), max_length=HOST_ID_LENGTH, blank=True, default="", db_index=True)
    email = models.EmailField(_("email"), blank=True, default="")
    description = models.TextField(_("description"), null=True, blank=True)
    metadata = ExactJSONField(verbose_name=_("metadata"), null=True, blank=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=255, null=True, blank=True, editable=False)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True, default="", editable=False)
    on_failure = models.CharField(
        _("on failure"), max_length=16, choices=ON_FAILURE_CHOICES, default=UndoPolicy.HOLD.value
    )
    resolve_by = models.DateTimeField(_("resolve by"), null=True, blank=True)
    failed_at = models.DateTimeField(_("failed at"), null=True, blank=True, editable=False)
    attention_at = models.DateTimeField(_("needs attention at"), null=True, blank=True, editable=False, db_index=True)
    attention_count = models.PositiveIntegerField(_("attention given"), default=0, editable=False)
    event_count = models.PositiveIntegerField(_("number of events"), default=0, editable=False)
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    updated_at = DatabaseTimeField(verbose_name=_("updated at"))
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True, editable=False)
    canceled_at = models.DateTimeField(_("canceled at"), null=True, blank=True, editable=False)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True, editable=False)

    amount_major = MajorUnits[Decimal]("amount")
    authorized_amount_major = MajorUnits[Decimal]("authorized_amount")
    captured_amount_major = MajorUnits[Decimal]("captured_amount")
    refunded_amount_major = MajorUnits[Decimal]("refunded_amount")

    if TYPE_CHECKING:
        payment_sessions: RelatedManager[PaymentSession]
        payments: RelatedManager[Payment]
        operations: RelatedManager[Operation]
        events: RelatedManager[Event]

    class Meta:
        verbose_name = _("payment collection")
        verbose_name_plural = _("payment collections")
        permissions = [("mark_paid_paymentcollection", _("Can mark payment collections as paid"))]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="mp_collection_created"),
            models.Index(fields=["status", "-created_at"], name="mp_collection_status"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["order_id", "idempotency_key"], name="mp_collection_idempotency_key"),
            models.CheckConstraint(name="mp_collection_amount", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="mp_collection_totals",
                condition=Q(
                    authorized_amount__gte=0,
                    captured_amount__gte=0,
                    refunded_amount__gte=0,
                    captured_amount__lte=F("authorized_amount"),
                    refunded_amount__lte=F("captured_amount"),
                ),
            ),
            models.CheckConstraint(
                name="mp_collection_status",
                condition=Q(status__in=[member.value for member in CollectionStatus]),
            ),
            models.CheckConstraint(
                name="mp_collection_on_failure", condition=Q(on_failure__in=[member.value for member in UndoPolicy])
            ),
            models.CheckConstraint(
                name="mp_collection_live_cart",
                condition=Q(live_cart_id__isnull=True) | Q(live_cart_id=F("cart_id"), deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.id
