"""What a shopper may choose, and how often: rules over facts. Staff and the host's own code aren't asked."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, SessionStatus

OBJECTS_WINDOW_SECONDS = 24 * 60 * 60
"""Initiates count against `MAX_PROVIDER_OBJECTS_PER_COLLECTION` for so long, so that a shopper gets on again."""

FAILURES_WINDOW_SECONDS = 60 * 60
"""Failed authorizations count against `MAX_FAILED_AUTHORIZATIONS_PER_HOUR` for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """What a shopper's permission to choose a provider depends on.

    `storefront` is the alias key `STOREFRONT`. `is_in_region` says whether the cart's region names the provider; None
    where the host keeps no list for it.
    """

    takes_outside_money: bool
    storefront: bool | None = None
    is_in_region: bool | None = None


def may_be_offered(provider: ProviderFacts) -> bool:
    """Return True if storefronts list a provider.

    A region's list leaves out what it doesn't name, and `STOREFRONT: False` hides an alias from every storefront. A
    provider that takes no money from outside pays for goods with nothing, so somebody has to have opened it: the
    region's list, or `STOREFRONT: True`.
    """
    if provider.is_in_region is False or provider.storefront is False:
        return False
    return provider.takes_outside_money or provider.storefront is True or provider.is_in_region is True


def may_pay(provider: ProviderFacts, *, minor_units: int) -> bool:
    """Return True if a shopper may pay an amount with a provider: what is offered; and nothing costs nothing, so an
    amount of 0 may be paid with a provider that takes no money even where it isn't offered.
    """
    return may_be_offered(provider) or (minor_units == 0 and not provider.takes_outside_money)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An earlier initiate or authorize of a collection. `session_status` is what its session has come to."""

    kind: str
    status: str
    refusal: str = ""
    session_status: str = ""
    age_seconds: float = 0

    @property
    def made_an_object(self) -> bool:
        """The provider has, or may have, made an object."""
        return self.kind == OperationKind.INITIATE and self.status != OperationStatus.NOT_EXECUTED

    @property
    def has_failed(self) -> bool:
        """A customer's attempt to pay was refused: what somebody who tries stolen cards sees most of the time."""
        if self.kind == OperationKind.INITIATE:
            return self.refusal == RefusalKind.DECLINED
        # A provider may answer an authorize with a session that failed, instead of refusing it.
        is_error = self.status == OperationStatus.SUCCEEDED and self.session_status == SessionStatus.ERROR
        return self.status == OperationStatus.REFUSED or is_error


def wait_for_objects(attempts: Iterable[Attempt], *, limit: int | None, adding: int) -> int:
    """Return after how many seconds `adding` more objects may be made; 0 is now. `limit` None is no limit."""
    ages = [attempt.age_seconds for attempt in attempts if attempt.made_an_object]
    return _wait(ages, limit=limit, adding=adding, window=OBJECTS_WINDOW_SECONDS)


def wait_after_failures(attempts: Iterable[Attempt], *, limit: int | None) -> int:
    """Return after how many seconds the next attempt to pay may be made; 0 is now. `limit` None is no limit."""
    ages = [attempt.age_seconds for attempt in attempts if attempt.has_failed]
    return _wait(ages, limit=limit, adding=1, window=FAILURES_WINDOW_SECONDS)


def _wait(ages: Iterable[float], *, limit: int | None, adding: int, window: int) -> int:
    counted = sorted((age for age in ages if age < window), reverse=True)
    too_many = 0 if limit is None else len(counted) + adding - limit
    if too_many <= 0:
        return 0
    # More at once than the limit allows stay too many, however long somebody waits.
    last_to_leave = counted[too_many - 1] if too_many <= len(counted) else 0
    return max(1, math.ceil(window - last_to_leave))
