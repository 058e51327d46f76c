"""What a shopper may do with a payment collection. None in a shopper's place is staff or the host's own code: they may.

Every function raises when something isn't allowed, and is a no-op for staff and the host's own code.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from medusa_payments.carts import providers_of_region
from medusa_payments.conf import payments_settings
from medusa_payments.core.books.book import Book
from medusa_payments.core.policy import shoppers as policy
from medusa_payments.core.policy import urls
from medusa_payments.core.policy.shoppers import Attempt, ProviderFacts
from medusa_payments.customers import Shopper
from medusa_payments.exceptions import Forbidden, InvalidData, TooManyRequests, Unauthorized
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers
from medusa_payments.queries import payment_sessions as queries
from medusa_payments.states import OperationKind

SESSION_OF_ANOTHER_CUSTOMER = "session_of_another_customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A provider that was asked for, and whether who asked may pay with it. Asked again whenever an amount is new."""

    provider_id: str
    region_id: str
    facts: ProviderFacts
    shopper: Shopper | None

    def refuse_unless_it_covers(self, minor_units: int) -> None:
        """Raise `InvalidData` when this amount can't be paid with the provider."""
        if self.shopper is not None:
            may_pay = policy.may_pay(self.facts, minor_units=minor_units)
        else:
            # Staff may always record what was paid by other means; other providers the region restricts for them too.
            may_pay = not self.facts.takes_outside_money or self.facts.is_in_region is not False
        if not may_pay:
            raise not_enabled(self)


def permission(provider_id: str, region_id: str, shopper: Shopper | None) -> Permission:
    """Return who may pay what with a provider in a region; "" is a region without restrictions.

    Raises `InvalidData` for a provider that isn't configured.
    """
    named = providers_of_region(region_id) if region_id else None
    is_in_region = None if named is None else provider_id in named
    asked = Permission(
        provider_id=provider_id,
        region_id=region_id,
        facts=ProviderFacts(takes_outside_money=True, is_in_region=is_in_region),
        shopper=shopper,
    )
    if is_in_region is False and provider_id not in providers:
        raise not_enabled(asked)
    facts = _facts(provider_id, providers[provider_id], is_in_region)
    return Permission(provider_id=provider_id, region_id=region_id, facts=facts, shopper=shopper)


def offered(region_id: str) -> list[str]:
    """Return the configured providers that storefronts list for a region's carts. One that can't be made is hidden."""
    named = providers_of_region(region_id) if region_id else None
    return [alias for alias in providers if _is_offered(alias, None if named is None else alias in named)]


def _is_offered(alias: str, is_in_region: bool | None) -> bool:
    try:
        return policy.may_be_offered(_facts(alias, providers[alias], is_in_region))
    except ImproperlyConfigured:
        return False


def not_enabled(asked: Permission) -> InvalidData:
    """Return the error that says: this provider can't be chosen for this cart, and what the shop can do about it."""
    where = f"in the cart's region {asked.region_id}" if asked.region_id else "for this cart"
    remedy = ""
    if not asked.facts.takes_outside_money:
        remedy = (
            " It takes no money: storefronts may choose it where REGION_PROVIDERS names it for the cart's region, or "
            "where its entry in PROVIDERS has 'STOREFRONT': True."
        )
    return InvalidData(f"Payment provider {asked.provider_id} is not enabled {where}.{remedy}")


def refuse_session_provider(
    shopper: Shopper | None, session: PaymentSession, provider: PaymentProvider, region_id: str
) -> None:
    """Raise `InvalidData` when a shopper may not pay a session's amount with its provider: it was chosen at amount 0,
    by staff, or before the shop closed the provider to storefronts. The region is asked only about those that take no
    money.
    """
    if shopper is None:
        return
    takes_money = provider.capabilities.takes_outside_money
    named = providers_of_region(region_id) if region_id and not takes_money else None
    is_in_region = None if named is None else session.provider_id in named
    Permission(
        provider_id=session.provider_id,
        region_id=region_id,
        facts=_facts(session.provider_id, provider, is_in_region),
        shopper=shopper,
    ).refuse_unless_it_covers(session.amount)


def _facts(provider_id: str, provider: PaymentProvider, is_in_region: bool | None) -> ProviderFacts:
    return ProviderFacts(
        takes_outside_money=provider.capabilities.takes_outside_money,
        storefront=payments_settings.PROVIDERS.get(provider_id, {}).get("STOREFRONT"),
        is_in_region=is_in_region,
    )


def refuse_session_of_another_customer(shopper: Shopper | None, session: PaymentSession) -> None:
    """Raise `Unauthorized` for a guest and `Forbidden` for another customer, when a session pays with a payment method
    that a customer has saved.
    """
    if shopper is None or not queries.is_of_another_customer(session, shopper.customer_id):
        return
    error = Forbidden if shopper.customer_id else Unauthorized
    raise error(
        f"{session.pk} pays with a payment method that a customer has saved. Log in as that customer, or choose "
        "another way to pay.",
        code=SESSION_OF_ANOTHER_CUSTOMER,
        details={"payment_session_id": session.pk},
    )


def refuse_sessions_of_another_customer(shopper: Shopper | None, sessions: Iterable[PaymentSession]) -> None:
    """Raise as above for the first one that isn't authorized yet: before any is, not halfway."""
    for session in sessions:
        if session.authorized_at is None:
            refuse_session_of_another_customer(shopper, session)


def refuse_more_objects(shopper: Shopper | None, book: Book, *, adding: int = 1) -> None:
    """Raise `TooManyRequests` when a locked collection has had its share of provider objects, or of failed attempts.

    No-op when nothing is added.
    """
    if shopper is None or not adding:
        return
    attempts = _attempts(book)
    limit = payments_settings.MAX_PROVIDER_OBJECTS_PER_COLLECTION
    _refuse_until(policy.wait_for_objects(attempts, limit=limit, adding=adding), book.collection)
    _refuse_failures(attempts, book.collection)


def refuse_after_failures(shopper: Shopper | None, book: Book) -> None:
    """Raise `TooManyRequests` when too many attempts to pay a locked collection have failed within an hour."""
    if shopper is not None:
        _refuse_failures(_attempts(book), book.collection)


def _refuse_failures(attempts: list[Attempt], collection: PaymentCollection) -> None:
    limit = payments_settings.MAX_FAILED_AUTHORIZATIONS_PER_HOUR
    _refuse_until(policy.wait_after_failures(attempts, limit=limit), collection)


def _refuse_until(seconds: int, collection: PaymentCollection) -> None:
    if seconds:
        raise TooManyRequests(
            f"Too many attempts to pay {collection.pk}. Try again later.",
            details={"payment_collection_id": collection.pk},
            retry_after=seconds,
        )


def _attempts(book: Book) -> list[Attempt]:
    """Return the initiates and authorizes that may count."""
    now = book.clock()
    return [
        Attempt(
            kind=operation.kind,
            status=operation.status,
            refusal=operation.refusal,
            session_status=book.session(operation.payment_session_id).status,
            age_seconds=(now - operation.created_at).total_seconds(),
        )
        for operation in book.operations
        if operation.kind in {OperationKind.INITIATE, OperationKind.AUTHORIZE}
    ]


def refuse_foreign_urls(shopper: Shopper | None, provider: PaymentProvider, data: Mapping[str, Any]) -> None:
    """Raise `InvalidData` when a shopper's data would send customers to somewhere that isn't the shop's."""
    if shopper is None:
        return
    allowed: urls.AllowedUrls | None = None
    for name, url in urls.urls_in(data, urls.ALWAYS_URLS | provider.url_data_keys):
        allowed = allowed or allowed_urls()
        if not urls.is_allowed(url, allowed):
            raise InvalidData(
                f"'{name}' must be an http(s) address of this shop. Which ones are, the setting RETURN_URL_ORIGINS of "
                "MEDUSA_PAYMENTS says."
            )


def allowed_urls() -> urls.AllowedUrls:
    """Return where shoppers may have customers sent to: `RETURN_URL_ORIGINS`, else what Django is told of the shop's
    own hosts and of those that may call it. "*" in `ALLOWED_HOSTS` says nothing about who the shop is.
    """
    listed = payments_settings.RETURN_URL_ORIGINS
    if listed is not None:
        return urls.AllowedUrls(origins=(listed,) if isinstance(listed, str) else tuple(listed))
    hosts = tuple(settings.ALLOWED_HOSTS)
    if settings.DEBUG and not hosts:
        hosts = (".localhost", "127.0.0.1", "[::1]")
    return urls.AllowedUrls(
        origins=tuple(
            origin
            for origin in (*settings.CSRF_TRUSTED_ORIGINS, *getattr(settings, "CORS_ALLOWED_ORIGINS", ()))
            if origin != urls.ANY_WEB_ORIGIN and origin.lower().startswith(("http://", "https://"))
        ),
        hosts=hosts,
        patterns=tuple(getattr(settings, "CORS_ALLOWED_ORIGIN_REGEXES", ())),
    )
