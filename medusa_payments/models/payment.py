from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import (
    DatabaseTimeField,
    ExactJSONField,
    MajorUnits,
    MinorUnitsField,
    PrefixedIdField,
)
from medusa_payments.models.payment_collection import PaymentCollection
from medusa_payments.models.payment_session import PaymentSession

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from medusa_payments.models.capture import Capture
    from medusa_payments.models.dispute import Dispute
    from medusa_payments.models.operation import Operation
    from medusa_payments.models.refund import Refund
    from medusa_payments.models.release import Release

COUNTERS = (
    "captured_amount",
    "capturing_amount",
    "released_amount",
    "releasing_amount",
    "refunded_amount",
    "refunding_amount",
    "withheld_amount",
    "disputed_amount",
)


class Payment(models.Model):
    """Money that a provider authorized for a session.

    Six counters (minor units) hold what is done (captured, released, refunded) and what is in flight (capturing,
    releasing, refunding). Database constraints refuse every row whose counters exceed the limits.
    `withheld_amount` is the sum that the disputes withhold. `disputed_amount` is the part of it that is captured and
    neither refunded nor being refunded: it can't be refunded.
    `capture_before` is when the authorization expires, `expiry_warned_at` when the shop was warned of that. While
    `frozen_at` is set, provider and ledger disagree in a way that can't be booked. Then no verb moves money until
    staff unfreeze the payment.
    """

    id = PrefixedIdField(prefix="pay", verbose_name=_("id"))
    payment_collection = models.ForeignKey(
        PaymentCollection, models.PROTECT, related_name="payments", verbose_name=_("payment collection")
    )
    payment_session = models.OneToOneField(
        PaymentSession, models.PROTECT, related_name="payment", verbose_name=_("payment session")
    )
    provider_id = models.CharField(_("provider"), max_length=100, db_index=True)
    provider_account = models.CharField(_("provider account"), max_length=100)
    provider_ref = models.CharField(_("provider reference"), max_length=255)
    amount = MinorUnitsField(_("amount"))
    currency_code = models.CharField(_("currency"), max_length=3)
    captured_amount = MinorUnitsField(_("captured"), default=0)
    capturing_amount = MinorUnitsField(_("capturing"), default=0)
    released_amount = MinorUnitsField(_("released"), default=0)
    releasing_amount = MinorUnitsField(_("releasing"), default=0)
    refunded_amount = MinorUnitsField(_("refunded"), default=0)
    refunding_amount = MinorUnitsField(_("refunding"), default=0)
    withheld_amount = MinorUnitsField(_("withheld"), default=0)
    disputed_amount = MinorUnitsField(_("disputed"), default=0)
    provider_data = ExactJSONField(verbose_name=_("data from the provider"), default=dict, blank=True)
    metadata = ExactJSONField(verbose_name=_("metadata"), null=True, blank=True)
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    updated_at = DatabaseTimeField(verbose_name=_("updated at"))
    captured_at = models.DateTimeField(_("captured at"), null=True, blank=True, editable=False)
    canceled_at = models.DateTimeField(_("canceled at"), null=True, blank=True, editable=False)
    capture_before = models.DateTimeField(_("capture before"), null=True, blank=True, editable=False)
    expiry_warned_at = models.DateTimeField(_("expiry warned at"), null=True, blank=True, editable=False)
    frozen_at = models.DateTimeField(_("frozen at"), null=True, blank=True, editable=False, db_index=True)

    amount_major = MajorUnits[Decimal]("amount")
    authorized_amount_major = MajorUnits[Decimal]("authorized_amount")
    captured_amount_major = MajorUnits[Decimal]("captured_amount")
    capturing_amount_major = MajorUnits[Decimal]("capturing_amount")
    capturable_amount_major = MajorUnits[Decimal]("capturable_amount")
    released_amount_major = MajorUnits[Decimal]("released_amount")
    releasing_amount_major = MajorUnits[Decimal]("releasing_amount")
    refunded_amount_major = MajorUnits[Decimal]("refunded_amount")
    refunding_amount_major = MajorUnits[Decimal]("refunding_amount")
    refundable_amount_major = MajorUnits[Decimal]("refundable_amount")
    withheld_amount_major = MajorUnits[Decimal]("withheld_amount")
    disputed_amount_major = MajorUnits[Decimal]("disputed_amount")
    held_amount_major = MajorUnits[Decimal]("held_amount")
    kept_amount_major = MajorUnits[Decimal]("kept_amount")

    if TYPE_CHECKING:
        payment_collection_id: str
        payment_session_id: str
        captures: RelatedManager[Capture]
        refunds: RelatedManager[Refund]
        releases: RelatedManager[Release]
        disputes: RelatedManager[Dispute]
        operations: RelatedManager[Operation]
        unbooked_refunds: list[Operation]

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        permissions = [
            ("capture_payment", _("Can capture payments")),
            ("refund_payment", _("Can refund payments")),
            ("cancel_payment", _("Can cancel payments")),
            ("resolve_payment", _("Can decide about unresolved payments")),
        ]
        indexes = [models.Index(fields=["-created_at", "id"], name="mp_payment_created")]
        constraints = [
            models.CheckConstraint(
                name="mp_payment_not_negative",
                condition=Q(amount__gte=0, **{f"{counter}__gte": 0 for counter in COUNTERS}),
            ),
            models.CheckConstraint(
                name="mp_payment_captures_within_amount",
                condition=Q(
                    amount__gte=F("captured_amount")
                    + F("capturing_amount")
                    + F("released_amount")
                    + F("releasing_amount")
                ),
            ),
            models.CheckConstraint(
                name="mp_payment_refunds_within_captures",
                condition=Q(captured_amount__gte=F("refunded_amount") + F("refunding_amount")),
            ),
            # Exact, so that no statement can move a refund into disputed money without saying so.
            models.CheckConstraint(
                name="mp_payment_disputed",
                condition=Q(
                    disputed_amount=Least(
                        F("withheld_amount"), F("captured_amount") - F("refunded_amount") - F("refunding_amount")
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def authorized_amount(self) -> int:
        """Authorized and not released (minor units); 0 once the payment is canceled."""
        return 0 if self.canceled_at else self.amount - self.released_amount

    @property
    def held_amount(self) -> int:
        """Held by the merchant, captured or not (minor units).

        Money that is released, refunded or disputed is taken off, and so are releases and refunds in flight.
        """
        returned = self.released_amount + self.releasing_amount + self.refunded_amount + self.refunding_amount
        return self.amount - returned - self.disputed_amount

    @property
    def capturable_amount(self) -> int:
        """What can still be captured (minor units). Captures and releases in flight are taken off."""
        taken = self.captured_amount + self.capturing_amount + self.released_amount + self.releasing_amount
        return self.amount - taken

    @property
    def is_within_limits(self) -> bool:
        """Return True if the database would accept these counters after `count_disputes`."""
        return self.capturable_amount >= 0 and self.kept_amount >= 0

    @property
    def refundable_amount(self) -> int:
        """What can still be refunded (minor units). Refunds in flight and disputed money are taken off."""
        return self.kept_amount - self.disputed_amount

    @property
    def kept_amount(self) -> int:
        """Captured, and neither refunded nor being refunded (minor units). Disputed money counts."""
        return self.captured_amount - self.refunded_amount - self.refunding_amount

    def count_disputes(self) -> None:
        """Compute `disputed_amount` from the other counters."""
        self.disputed_amount = min(self.withheld_amount, self.kept_amount)
