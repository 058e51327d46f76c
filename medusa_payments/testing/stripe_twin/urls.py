"""Mounts the twin: `path("stripe-twin/", include("medusa_payments.testing.stripe_twin.urls"))`.

The Django setting `STRIPE_TWIN_PATH` names its file. Not for a shop that takes money: whoever has the keys of the twin
(which are known) can do everything in it.
"""

from django.urls import path

from medusa_payments.testing.stripe_twin import views

urlpatterns = [
    path("", views.root, name="stripe-twin"),
    path("v1/<path:path>", views.api),
    path("twin/next_action/<str:intent_id>", views.next_action),
    path("twin/redirect/<str:intent_id>", views.redirect),
    path("<slug:name>.js", views.script),
]
