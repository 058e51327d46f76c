"""The twin over HTTP: for browsers, and for SDKs with `base_addresses={"api": "…/stripe-twin"}`.

The project's own twin answers, see `configured`.
"""

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.template import Context, Engine
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from medusa_payments.money import Money
from medusa_payments.testing.stripe_twin.configured import configured_twin
from medusa_payments.testing.stripe_twin.errors import StripeTwinError
from medusa_payments.testing.stripe_twin.faults import ConnectionLost
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from medusa_payments.testing.stripe_twin.wire import Document, read_request

_HERE = Path(__file__).parent
_SCRIPTS = _HERE / "static" / "medusa_payments" / "stripe_twin"

_VOUCHERS = ("oxxo_display_details", "promptpay_display_qr_code")

View = Callable[..., HttpResponseBase]


def _open_to_all(view: View) -> View:
    """Let pages of any origin call a view, as Stripe does; nothing here knows a cookie."""

    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = HttpResponse() if request.method == "OPTIONS" else view(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = "GET, POST, DELETE, OPTIONS"
        response["Access-Control-Allow-Headers"] = "authorization, content-type, idempotency-key, stripe-version"
        return response

    return wrapped


def root(_request: HttpRequest) -> HttpResponse:
    """Where the twin is; nothing is shown there."""
    raise Http404


@_open_to_all
def api(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer a call of Stripe's API. A fault that loses the answer is told as a gateway would tell it (504)."""
    twin = _twin(request)
    address = f"/v1/{path}?{request.META.get('QUERY_STRING', '')}"
    asked = read_request(request.method or "GET", address, request.headers, request.body, base_url=twin.base_url)
    try:
        answer = twin.handle(asked)
    except ConnectionLost:
        return HttpResponse(status=504)
    return JsonResponse(answer.body, status=answer.status, headers=dict(answer.headers))


@_open_to_all
def next_action(request: HttpRequest, intent_id: str) -> HttpResponseBase:
    """Do, or refuse, what an intent waits for: `client_secret`, and `outcome` `succeed` or `fail`."""
    if request.method != "POST":
        return HttpResponse(status=405)
    secret, outcome = request.POST.get("client_secret", ""), request.POST.get("outcome", "")
    try:
        intent = _twin(request).finish_action(intent_id, secret, is_successful=outcome == "succeed")
    except StripeTwinError as error:
        return JsonResponse(error.response().body, status=error.status)
    return JsonResponse(intent)


@csrf_exempt
def redirect(request: HttpRequest, intent_id: str) -> HttpResponse:
    """The bank's page: it asks the customer, and sends the browser back to the shop."""
    twin = _twin(request)
    secret = request.POST.get("client_secret", "") or request.GET.get("client_secret", "")
    try:
        if request.method == "POST" and "outcome" in request.POST:
            twin.finish_action(intent_id, secret, is_successful=request.POST["outcome"] == "succeed")
        intent, return_url = twin.look_at(intent_id, secret)
    except StripeTwinError as error:
        return HttpResponse(str(error), status=error.status, content_type="text/plain; charset=utf-8")
    if request.method == "POST" and return_url:
        return _Back(return_url, status=303)
    return HttpResponse(_page(intent, return_url))


@_open_to_all
def script(_request: HttpRequest, name: str) -> HttpResponseBase:
    """Serve the stand-in for Stripe's own script, and what it loads."""
    path = _SCRIPTS / f"{name}.js"
    if path.parent != _SCRIPTS or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="text/javascript; charset=utf-8")


class _Back(HttpResponseRedirect):
    """To wherever the shop is: an app's own scheme as well."""

    allowed_schemes = ["http", "https", "app", "exp"]


def _page(intent: Document, return_url: str) -> str:
    is_voucher = (intent["next_action"] or {}).get("type") in _VOUCHERS
    context = {
        "intent": intent,
        "return_url": return_url,
        "is_waiting": intent["status"] == "requires_action",
        "title": "Pay this voucher?" if is_voucher else "Is it you?",
        "amount": str(Money(minor_units=intent["amount"], currency_code=intent["currency"]))
        if "amount" in intent
        else "",
        "succeed": "Pay the voucher" if is_voucher else "Authorize",
        "fail": "Let it expire" if is_voucher else "Fail",
    }
    return _engine().get_template("redirect.html").render(Context(context))


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(_HERE / "templates")])


def _twin(request: HttpRequest) -> StripeTwin:
    return configured_twin(request.build_absolute_uri(reverse("stripe-twin")))
