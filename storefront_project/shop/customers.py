"""Who registers as a customer: one of Django's users, with the email as the name."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from medusa_payments.exceptions import InvalidData, NotFound, Unauthorized


def register(*, email: str, password: str) -> User:
    """Make a customer who can log in. Raises `Unauthorized` when somebody has that email, in whichever letter case."""
    taken = Unauthorized("Identity with email already exists")
    if User.objects.filter(username__iexact=email).exists():
        raise taken
    try:
        with transaction.atomic():  # noqa: TID251 -- the shop's own row; no payment is made in here
            return User.objects.create_user(username=email, email=email, password=password)
    except IntegrityError as error:  # Registered a moment ago, by another request.
        raise taken from error


def get_customer(customer_id: str) -> User:
    """Return a customer. Raises `NotFound`."""
    customer = User.objects.filter(pk=customer_id, is_staff=False).first()
    if customer is None:
        raise NotFound(f"Customer with id: {customer_id} was not found")
    return customer


def introduce(*, customer_id: str, email: str, first_name: str | None = None, last_name: str | None = None) -> User:
    """Say what a registered customer is called. Raises `NotFound`, and `InvalidData` for another email than theirs."""
    customer = get_customer(customer_id)
    if email.lower() != customer.email.lower():
        raise InvalidData("The email is not the one that was registered")
    customer.first_name, customer.last_name = first_name or "", last_name or ""
    customer.save(update_fields=["first_name", "last_name"])
    return customer
