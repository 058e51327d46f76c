from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.account_holder import AccountHolder
from medusa_payments.models.fields import (
    DatabaseTimeField,
    ExactJSONField,
    MajorUnits,
    MinorUnitsField,
    PrefixedIdField,
)
from medusa_payments.models.payment_collection import PaymentCollection
from medusa_payments.states import SessionStatus

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from medusa_payments.models.operation import Operation
    from medusa_payments.models.payment import Payment

STATUS_CHOICES = [
    (SessionStatus.PENDING.value, _("pending")),
    (SessionStatus.REQUIRES_MORE.value, _("requires more")),
    (SessionStatus.PENDING_AUTHORIZATION.value, _("pending authorization")),
    (SessionStatus.AUTHORIZED.value, _("authorized")),
    (SessionStatus.CAPTURED.value, _("captured")),
    (SessionStatus.ERROR.value, _("error")),
    (SessionStatus.CANCELED.value, _("canceled")),
]


class PaymentSession(models.Model):
    """One attempt to pay (part of) a collection with one provider.

    `slot` numbers the live sessions of a collection. NULL means not live: the session isn't initiated yet, failed or
    was replaced. Such sessions are kept as history and hidden from the API. Only the server writes `provider_ref` and
    `provider_account`. They are unique together, so a payment object of a provider never counts for two sessions.
    `client_data` is the allow-listed data of the storefront, `provider_data` the object of the provider. The worker
    erases both from sessions that ended without money, after the retention time (`erased_at`). `account_holder` is
    the account of the customer that the provider's object belongs to.
    """

    id = PrefixedIdField(prefix="payses", verbose_name=_("id"))
    payment_collection = models.ForeignKey(
        PaymentCollection,
        models.PROTECT,
        related_name="payment_sessions",
        verbose_name=_("payment collection"),
    )
    slot = models.PositiveSmallIntegerField(_("slot"), null=True, blank=True, editable=False)
    provider_id = models.CharField(_("provider"), max_length=100, db_index=True)
    provider_account = models.CharField(_("provider account"), max_length=100)
    provider_ref = models.CharField(_("provider reference"), max_length=255, null=True, blank=True)
    amount = MinorUnitsField(_("amount"))
    currency_code = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=32, choices=STATUS_CHOICES, default=SessionStatus.PENDING.value)
    client_data = ExactJSONField(verbose_name=_("data from the storefront"), default=dict, blank=True)
    provider_data = ExactJSONField(verbose_name=_("data from the provider"), default=dict, blank=True)
    customer_id = models.CharField(_("customer"), max_length=255, blank=True, default="")
    account_holder = models.ForeignKey(
        AccountHolder,
        models.PROTECT,
        related_name="payment_sessions",
        verbose_name=_("account holder"),
        null=True,
        blank=True,
    )
    metadata = ExactJSONField(verbose_name=_("metadata"), null=True, blank=True)
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    updated_at = DatabaseTimeField(verbose_name=_("updated at"))
    authorized_at = models.DateTimeField(_("authorized at"), null=True, blank=True, editable=False)
    replaced_at = models.DateTimeField(_("replaced at"), null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    amount_major = MajorUnits[Decimal]("amount")

    if TYPE_CHECKING:
        payment_collection_id: str
        account_holder_id: str | None
        payment: Payment
        operations: RelatedManager[Operation]

    class Meta:
        verbose_name = _("payment session")
        verbose_name_plural = _("payment sessions")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="mp_session_created"),
            models.Index(
                fields=["updated_at"],
                name="mp_session_erasable",
                condition=Q(slot__isnull=True, erased_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["payment_collection", "slot"], name="mp_session_live_slot"),
            models.UniqueConstraint(fields=["provider_account", "provider_ref"], name="mp_session_provider_ref"),
            models.CheckConstraint(name="mp_session_amount", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="mp_session_status", condition=Q(status__in=[member.value for member in SessionStatus])
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_live(self) -> bool:
        """Return True if the collection is to be paid with this session now."""
        return self.slot is not None
