"""Customers."""

from medusa_payments.testing.stripe_twin import payment_methods
from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import Call, merged_metadata, new_id
from medusa_payments.testing.stripe_twin.errors import malformed, refused
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "customer"

_LONGEST = {"name": 256, "phone": 20}

_PLAIN = ("address", "business_name", "description", "email", "individual_name", "name", "phone", "shipping")


def create(call: Call, params: Document) -> Document:
    """Make a customer; the same email twice makes two."""
    customer = {
        "id": new_id("cus"),
        "object": KIND,
        "address": None,
        "balance": params.get("balance", 0),
        "created": call.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": None,
        "invoice_prefix": None,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": call.account.is_live,
        "metadata": {},
        "name": None,
        "phone": None,
        "preferred_locales": params.get("preferred_locales", []),
        "shipping": None,
        "tax_exempt": params.get("tax_exempt") or "none",
        "test_clock": None,
    }
    _write(customer, params)
    call.save(customer)
    call.tell("customer.created", customer)
    if "payment_method" in params:
        method = payment_methods.find(call, params["payment_method"], status=400)
        payment_methods.check_savable(method)
        payment_methods.attached(call, method, customer["id"])
    return customer


def retrieve(call: Call, _params: Document, customer: str) -> Document:
    """Return a customer; of a deleted one nothing but that."""
    found = call.get(KIND, customer)
    return _grave(customer) if found.get("deleted") else found


def update(call: Call, params: Document, customer: str) -> Document:
    found = call.living(KIND, customer, param="customer")
    previous = dict(found)
    _write(found, params)
    call.save(found)
    call.tell("customer.updated", found, previous)
    return found


def delete(call: Call, _params: Document, customer: str) -> Document:
    """Forget a customer; its payment methods can't be used any more."""
    found = call.living(KIND, customer, param="customer")
    for method in call.find(payment_methods.KIND, customer=customer):
        payment_methods.detach(call, {}, method["id"])
    call.tell("customer.deleted", found)
    call.save({**_grave(customer), "created": found["created"], "email": None})
    return _grave(customer)


def list_all(call: Call, params: Document) -> Document:
    page = listed(call, KIND, params, "email", url="/v1/customers")
    page["data"] = [customer for customer in page["data"] if not customer.get("deleted")]
    return page


def _write(customer: Document, params: Document) -> None:
    email = params.get("email", "")
    if email and "@" not in email:
        raise refused("Invalid email address.", code="email_invalid", param="email")
    for name, most in _LONGEST.items():
        if len(params.get(name, "")) > most:
            raise malformed(f"Invalid string: {params[name]}; must be at most {most} characters", param=name)
    customer.update({name: params[name] or None for name in _PLAIN if name in params})
    customer["metadata"] = merged_metadata(customer["metadata"], params.get("metadata", {}))


def _grave(customer: str) -> Document:
    return {"id": customer, "object": KIND, "deleted": True}
