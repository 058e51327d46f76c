from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import HOST_ID_LENGTH, DatabaseTimeField, ExactJSONField, PrefixedIdField


class AccountHolder(models.Model):
    """A customer's account with a provider account: the intent to open it, then what was opened. Never deleted.

    `customer_id` is the id of the host, NULL once the customer was forgotten (`forgotten_at`). `external_id` is the id
    of the provider, NULL until it is known. `provider_id` is the alias that the account was opened through. All aliases
    on one merchant account share it. `data` is the object of the provider.

    While `request` holds a request, its outcome is unknown. `attempt` counts requests that are proven to have opened
    nothing, and is part of the idempotency key. `sent_at` is when the current request was first sent. Until
    `in_flight_until` it may still reach the provider. Until `lease_expires_at` one process (`leased_by`) works on the
    row; `fence` counts the takeovers. After `erased_at` no personal data is left here.
    """

    id = PrefixedIdField(prefix="acchld", verbose_name=_("id"))
    provider_id = models.CharField(_("provider"), max_length=100)
    provider_account = models.CharField(_("provider account"), max_length=100)
    customer_id = models.CharField(_("customer"), max_length=HOST_ID_LENGTH, null=True, blank=True, db_index=True)
    external_id = models.CharField(_("provider reference"), max_length=255, null=True, blank=True, db_index=True)
    email = models.CharField(_("email"), max_length=320, null=True, blank=True)
    data = ExactJSONField(verbose_name=_("data from the provider"), default=dict, blank=True)
    metadata = ExactJSONField(verbose_name=_("metadata"), null=True, blank=True)
    request = ExactJSONField(verbose_name=_("request"), default=dict, blank=True)
    attempt = models.PositiveIntegerField(_("attempts that opened nothing"), default=0, editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True, editable=False)
    in_flight_until = models.DateTimeField(_("in flight until"), null=True, blank=True, editable=False)
    lease_expires_at = models.DateTimeField(_("lease expires at"), null=True, blank=True, editable=False)
    leased_by = models.CharField(_("leased by"), max_length=255, blank=True, default="", editable=False)
    fence = models.PositiveIntegerField(_("fence"), default=0, editable=False)
    error_message = models.TextField(_("error message"), blank=True, default="")
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    updated_at = DatabaseTimeField(verbose_name=_("updated at"))
    forgotten_at = models.DateTimeField(_("forgotten at"), null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("account holder")
        verbose_name_plural = _("account holders")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="mp_account_holder_created"),
            models.Index(
                fields=["sent_at"], name="mp_account_holder_unknown", condition=Q(in_flight_until__isnull=False)
            ),
            models.Index(
                fields=["forgotten_at"],
                name="mp_account_holder_erasable",
                condition=Q(forgotten_at__isnull=False, erased_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider_account", "customer_id"], name="mp_account_holder_customer"),
            models.UniqueConstraint(fields=["provider_account", "external_id"], name="mp_account_holder_external_id"),
            models.CheckConstraint(
                name="mp_account_holder_forgotten",
                condition=Q(forgotten_at__isnull=True, customer_id__isnull=False, erased_at__isnull=True)
                | Q(forgotten_at__isnull=False, customer_id__isnull=True),
            ),
            models.CheckConstraint(
                name="mp_account_holder_erased", condition=Q(erased_at__isnull=True) | Q(email__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_sent(self) -> bool:
        """Return True if a request was sent to the provider and its outcome is unknown."""
        return self.sent_at is not None
