"""Why money is given back: the reasons the staff can choose from."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.admin.serializers import (
    AdminCreateRefundReasonSerializer,
    AdminRefundReasonDeletedSerializer,
    AdminRefundReasonListQuery,
    AdminRefundReasonListResponseSerializer,
    AdminRefundReasonResponseSerializer,
    AdminUpdateRefundReasonSerializer,
)
from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import refund_reason
from medusa_payments.api.lists.filters import PagelessQuery, SelectionQuery
from medusa_payments.api.lists.pagination import paginate
from medusa_payments.api.openapi.schema import UnkeyedAutoSchema, operation
from medusa_payments.api.viewsets import AdminViewSet
from medusa_payments.queries import refund_reasons as reason_queries
from medusa_payments.services import refund_reasons

TAGS = ["Admin: refund reasons"]


class AdminRefundReasonViewSet(AdminViewSet):
    required_permissions: ClassVar = {
        "list": "medusa_payments.view_refundreason",
        "create": "medusa_payments.add_refundreason",
        "retrieve": "medusa_payments.view_refundreason",
        "update": "medusa_payments.change_refundreason",
        "destroy": "medusa_payments.delete_refundreason",
    }

    @operation(
        operation_id="adminListRefundReasons",
        summary="List refund reasons",
        description="Returns a page of the reasons that aren't deleted, and the count of all that match.",
        tags=TAGS,
        parameters=[AdminRefundReasonListQuery],
        response=AdminRefundReasonListResponseSerializer,
        response_example={"refund_reasons": [examples.REFUND_REASON], "count": 1, "offset": 0, "limit": 15},
    )
    def list(self, request: Request) -> Response:
        query = self.validated_query(AdminRefundReasonListQuery)
        page = paginate(reason_queries.listed(), query)
        documents = [refund_reason(reason, query.get("fields")) for reason in page.items]
        return Response(page.envelope("refund_reasons", documents))

    @operation(
        operation_id="adminCreateRefundReason",
        summary="Create a refund reason",
        description="Makes a reason that refunds can name. A `code` that is in use is 422 `duplicate_error`.",
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        parameters=[PagelessQuery],
        request=AdminCreateRefundReasonSerializer,
        request_example={name: examples.REFUND_REASON[name] for name in ("label", "code", "description")},
        response=AdminRefundReasonResponseSerializer,
        response_example={"refund_reason": examples.REFUND_REASON},
    )
    def create(self, request: Request) -> Response:
        body = self.validated(AdminCreateRefundReasonSerializer, request.data)
        query = self.validated_query(PagelessQuery)
        reason = refund_reasons.create(**body)
        return Response({"refund_reason": refund_reason(reason, query.get("fields"))})

    @operation(
        operation_id="adminGetRefundReason",
        summary="Get a refund reason",
        description="Returns the reason.",
        tags=TAGS,
        parameters=[PagelessQuery],
        response=AdminRefundReasonResponseSerializer,
        response_example={"refund_reason": examples.REFUND_REASON},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        query = self.validated_query(PagelessQuery)
        return Response({"refund_reason": refund_reason(reason_queries.existing(id), query.get("fields"))})

    @operation(
        operation_id="adminUpdateRefundReason",
        summary="Update a refund reason",
        description="Changes what is given. Refunds that named the reason show it as it is now.",
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        parameters=[SelectionQuery],
        request=AdminUpdateRefundReasonSerializer,
        request_example={"label": examples.REFUND_REASON["label"]},
        response=AdminRefundReasonResponseSerializer,
        response_example={"refund_reason": examples.REFUND_REASON},
    )
    def update(self, request: Request, id: str) -> Response:
        body = self.validated(AdminUpdateRefundReasonSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        reason = refund_reasons.update(refund_reason_id=id, **body)
        return Response({"refund_reason": refund_reason(reason, query.get("fields"))})

    @operation(
        operation_id="adminDeleteRefundReason",
        summary="Delete a refund reason",
        description="New refunds can't name it any more; those that did keep it. Its code can be used again.",
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        parameters=[PagelessQuery],
        response=AdminRefundReasonDeletedSerializer,
        response_example={"id": examples.REFUND_REASON_ID, "object": "refund_reason", "deleted": True},
    )
    def destroy(self, request: Request, id: str) -> Response:
        self.validated_query(PagelessQuery)
        refund_reasons.delete(refund_reason_id=id)
        return Response({"id": id, "object": "refund_reason", "deleted": True})
