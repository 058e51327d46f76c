"""Tell staff why a service refused, and what they can do."""

from django.contrib.admin import AdminSite
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import display
from medusa_payments.admin.parts.display import Text
from medusa_payments.exceptions import (
    Conflict,
    IdempotencyError,
    InvalidData,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.models import Operation
from medusa_payments.services import comparing


def explain(error: PaymentsError, site: AdminSite) -> SafeString:
    """Return what happened and what staff can do, with a link to the operation if the error names one."""
    operation_id = error.details.get("operation_id")
    if not operation_id:
        return format_html("{}", _words(error))
    link = display.object_link(site, Operation, operation_id)
    return format_html("{} {} {}", _words(error), _("Operation:"), link)


def _words(error: PaymentsError) -> Text:
    match error:
        case PaymentOutcomeUnknown():
            return _(
                "The provider gave no clear answer, so the outcome is unknown. "
                "Submit again to find out. The money moves only once."
            )
        case Conflict(code=comparing.FROZEN_CODE):
            return _(
                "This payment is frozen: the provider reports something that can't be booked. No money was moved. "
                "Staff must check the payment and unfreeze it first."
            )
        case Conflict():
            return _(
                "Another request for this payment is in progress. Submit again in a moment. The money moves only once."
            )
        case ProviderNotReachable():
            return _("The payment provider can't be reached. No money was moved. Submit again in a moment.")
        case IdempotencyError():
            return _(
                "This form was sent before with other values. No money was moved now. "
                "Check the outcome of the first one."
            )
        case PaymentAuthorizationError() | InvalidData() if "operation_id" in error.details:
            return _("The payment provider refused. No money was moved: %(message)s") % {
                "message": error.message or error.code
            }
    return error.message
