"""The base of pages on which staff may write: the form goes to a service."""

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern

from medusa_payments.admin.parts.read_only import ReadOnlyAdmin, RowT
from medusa_payments.admin.parts.transactions import without_transactions
from medusa_payments.exceptions import PaymentsError


class ServiceBackedAdmin(ReadOnlyAdmin[RowT]):
    """Users with Django's add permission may add rows. `form_fields` are the fields of the form.

    Its views open no transaction, because services commit their own. A refusal of the service is shown to the user.
    """

    form_fields: tuple[str, ...] = ()

    def store(self, row: RowT, *, is_new: bool) -> Model:
        """Call the service with the form. Return the stored row."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super(ReadOnlyAdmin, self).has_add_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: RowT | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else ((None, {"fields": self.form_fields}),)

    def get_readonly_fields(self, request: HttpRequest, obj: RowT | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        may_write = self.has_change_permission(request, obj) if obj else True
        return [name for name in fields if not (may_write and name in self.form_fields)]

    def get_urls(self) -> list[URLPattern]:
        return without_transactions(super().get_urls())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # Django's method wraps this one in `atomic()`, and services refuse to work inside a transaction.
        try:
            response: HttpResponse = self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined]
        except PaymentsError as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def save_model(self, request: HttpRequest, obj: RowT, form: Any, change: bool) -> None:
        obj.pk = self.store(obj, is_new=not change).pk
