"""Payment providers."""

from medusa_payments.api.documents.keys import flag, text
from medusa_payments.api.documents.sample import PROVIDER_ID
from medusa_payments.api.documents.shape import Shape

PAYMENT_PROVIDER = Shape("PaymentProvider", text("id", PROVIDER_ID), flag("is_enabled", True))

# Its rows are ids: a collection's sessions name their providers.
PROVIDER_OF_COLLECTION = Shape("StorePaymentProvider", text("id", PROVIDER_ID, of=str))
