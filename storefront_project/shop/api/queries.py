"""What Medusa's clients send in the query."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.serializers import Field

from medusa_payments.api.lists.filters import ListQuery
from medusa_payments.api.viewsets import PaymentsViewSet
from medusa_payments.api.wire.fields import StrictSerializer, StringField


class WholeDocumentQuery(StrictSerializer):
    """Takes `fields`, and does nothing with it."""

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        ignored = StringField(required=False, max_length=4096, help_text="Accepted; documents are always whole here.")
        return {**super().get_fields(), "fields": ignored}


class PageQuery(WholeDocumentQuery, ListQuery):
    """Takes paging as well."""


class WholeDocuments(PaymentsViewSet):
    """Takes the `list_query` for lists, and a `WholeDocumentQuery` for all else."""

    list_query: ClassVar[type[PageQuery]] = PageQuery

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.query = self.validated_query(self.list_query if self.action == "list" else WholeDocumentQuery)
