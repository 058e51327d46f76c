"""Payments, their captures, refunds and disputes."""

from operator import attrgetter

from medusa_payments.api.documents.keys import (
    amount,
    choice,
    for_staff,
    hidden_from,
    never_deleted,
    raw_amount,
    record,
    text,
    time,
)
from medusa_payments.api.documents.refund_reasons import REFUND_REASON
from medusa_payments.api.documents.sample import (
    AUTHORIZED_AT,
    CAPTURE_ID,
    CAPTURED_AT,
    COLLECTION_ID,
    DISPUTE_ID,
    PAYMENT_ID,
    PROVIDER_ID,
    REFUND_ID,
    REFUND_REASON_ID,
    REFUNDED_AT,
    SESSION_ID,
)
from medusa_payments.api.documents.shape import Shape, many, one, reference
from medusa_payments.queries import Capture, Dispute, Payment, payments, refunds
from medusa_payments.states import DisputeState, RefundState

PAYMENT_CURRENCY = "payment.currency_code"


def _captures(payment: Payment) -> list[Capture]:
    return list(payment.captures.all())


def _disputes(payment: Payment) -> list[Dispute]:
    return sorted(payment.disputes.all(), key=lambda dispute: (dispute.created_at, dispute.pk))


def _created_by(line: Capture | refunds.ShownRefund) -> str | None:
    return line.created_by or None


CAPTURE = Shape(
    "BaseCapture",
    text("id", CAPTURE_ID),
    amount("amount", 59.97, currency=PAYMENT_CURRENCY),
    raw_amount("amount", "59.97", currency=PAYMENT_CURRENCY),
    text("payment_id", PAYMENT_ID),
    record("metadata", None, allow_null=True),
    time("created_at", CAPTURED_AT),
    time("updated_at", CAPTURED_AT, of=attrgetter("created_at")),
    never_deleted(),
    for_staff(
        text(
            "created_by",
            "1",
            of=_created_by,
            allow_null=True,
            help_text="Who on the staff captured; always null in the store.",
        )
    ),
    reference("payment", PAYMENT_ID),
)
REFUND = Shape(
    "BaseRefund",
    text("id", REFUND_ID, help_text="Final from the request on."),
    amount(
        "amount",
        10,
        currency=PAYMENT_CURRENCY,
        help_text="0 once it has failed, so that the amounts of all refunds add up to what they take.",
    ),
    amount(
        "failed_amount",
        0,
        currency=PAYMENT_CURRENCY,
        help_text="What a failed refund was to be; 0 for any other.",
    ),
    raw_amount("amount", "10", currency=PAYMENT_CURRENCY),
    choice(
        "status",
        "succeeded",
        [state.value for state in RefundState],
        of=attrgetter("state.value"),
        help_text="`pending` until the provider has said how it ended; then it counts in the payment's "
        "`refunding_amount`. A request that was refused at once is no refund and isn't shown.",
    ),
    text("payment_id", PAYMENT_ID),
    text("refund_reason_id", REFUND_REASON_ID, allow_null=True),
    text("note", "Sorry for the dented box.", allow_null=True, help_text="Visible to the customer."),
    record("metadata", None, allow_null=True),
    time("created_at", REFUNDED_AT),
    time("updated_at", REFUNDED_AT, help_text="When its status last changed."),
    never_deleted(),
    for_staff(
        text(
            "created_by",
            "1",
            of=_created_by,
            allow_null=True,
            help_text="Who on the staff refunded; always null in the store.",
        )
    ),
    reference("payment", PAYMENT_ID),
    one("refund_reason", REFUND_REASON, REFUND_REASON.example, allow_null=True),
)
DISPUTE = Shape(
    "Dispute",
    text("id", DISPUTE_ID),
    amount("amount", 59.97, help_text="As the provider has it; may be more than the payment."),
    raw_amount("amount", "59.97"),
    text("currency_code", "eur", help_text="Not always the payment's."),
    amount(
        "withheld_amount",
        59.97,
        currency=PAYMENT_CURRENCY,
        help_text="What it takes out of reach of refunds, in the payment's currency; 0 for an inquiry, and once it was "
        "won or closed.",
    ),
    choice("state", "needs_response", [state.value for state in DisputeState]),
    text("reason", "product_not_received", help_text="The provider's own word."),
    text("provider_ref", "dp_ExampleOfADispute", help_text="The provider's id of the dispute."),
    text("payment_id", PAYMENT_ID),
    time("evidence_due_by", None, allow_null=True, help_text="Until when the bank can be answered."),
    time("opened_at", REFUNDED_AT, allow_null=True),
    time("closed_at", None, allow_null=True, help_text="When it was known to have ended."),
    time("created_at", REFUNDED_AT),
    time("updated_at", REFUNDED_AT),
)
PAYMENT = Shape(
    "BasePayment",
    text("id", PAYMENT_ID),
    amount("amount", 59.97, help_text="What was authorized."),
    amount("authorized_amount", 59.97, help_text="What is authorized and not given back; 0 once canceled."),
    amount("captured_amount", 0),
    amount("refunded_amount", 0, help_text="What has been given back for certain."),
    amount("refunding_amount", 0, help_text="What is on its way back: the refunds that are `pending`."),
    raw_amount("amount", "59.97"),
    amount(
        "refundable_amount",
        0,
        of=payments.refundable_amount,
        help_text="The most that a refund would be accepted for now.",
    ),
    text("currency_code", "eur"),
    text("provider_id", PROVIDER_ID),
    hidden_from(
        payments.is_of_another_customer,
        record(
            "data",
            {},
            of=payments.public_data,
            help_text="What the provider lets outsiders see of its payment object.",
        ),
    ),
    time("captured_at", None, allow_null=True, help_text="When the last of it was captured."),
    time("canceled_at", None, allow_null=True),
    text("payment_collection_id", COLLECTION_ID),
    text("payment_session_id", SESSION_ID),
    record("metadata", None, allow_null=True),
    time("created_at", AUTHORIZED_AT),
    time("updated_at", AUTHORIZED_AT),
    never_deleted(),
    many("captures", CAPTURE, [], of=_captures),
    many("refunds", REFUND, [], of=refunds.of_payment),
    reference("payment_collection", COLLECTION_ID),
    reference("payment_session", SESSION_ID),
)
DISPUTES = many("disputes", DISPUTE, [], of=_disputes, on_request=True, help_text="Only where `fields` asks for them.")
