"""The checkout page. Everything it knows of carts and payments it asks of the public API, from the browser."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache


@never_cache
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the page. What a payment service adds to the address on the way back is ignored: it proves nothing."""
    return render(request, "checkout/checkout.html", {"settings": settings.CHECKOUT})
