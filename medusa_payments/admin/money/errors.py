"""What a service refused, in words that a person can act on."""

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
    """Return what happened and what to do about it, with a link to the operation where there is one."""
    operation_id = error.details.get("operation_id")
    if not operation_id:
        return format_html("{}", _words(error))
    link = display.object_link(site, Operation, operation_id)
    return format_html("{} {} {}", _words(error), _("Operation:"), link)


def _words(error: PaymentsError) -> Text:
    match error:
        case PaymentOutcomeUnknown():
            return _("The provider's answer was lost. Submit again to find out; nothing is done twice.")
        case Conflict(code=comparing.FROZEN_CODE):
            return _(
                "This payment is frozen: the provider reports something that can't be booked. Nothing was done; "
                "somebody has to look at it and unfreeze it first."
            )
        case Conflict():
            return _(
                "This payment is being worked on right now, by an earlier click or by somebody else. "
                "Submit again in a moment; nothing is done twice."
            )
        case ProviderNotReachable():
            return _("The payment provider can't be reached; nothing was done. Submit again in a moment.")
        case IdempotencyError():
            return _("This form was sent before with other values; see what came of that. Nothing was done now.")
        case PaymentAuthorizationError() | InvalidData() if "operation_id" in error.details:
            return _("The payment provider refused, nothing was done: %(message)s") % {
                "message": error.message or error.code
            }
    return error.message
