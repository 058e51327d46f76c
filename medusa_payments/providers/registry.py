"""The configured providers: `MEDUSA_PAYMENTS["PROVIDERS"]`, in the shape of Django's `STORAGES`."""

from collections.abc import Iterator
from threading import Lock
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from medusa_payments.conf import SETTING_NAME, payments_settings
from medusa_payments.exceptions import InvalidData
from medusa_payments.providers.base import PaymentProvider


class ProviderRegistry:
    """Maps an alias (the provider id on the wire) to its one instance in this process, made on first use."""

    def __init__(self) -> None:
        self._instances: dict[str, PaymentProvider] = {}
        self._lock = Lock()

    def __getitem__(self, alias: str) -> PaymentProvider:
        """Return the provider.

        Raises `InvalidData` for an alias that isn't configured and `ImproperlyConfigured` for a wrong configuration.
        """
        instance = self._instances.get(alias)
        if instance is None:
            with self._lock:
                instance = self._instances.get(alias) or self._create(alias)
                self._instances[alias] = instance
        return instance

    def __contains__(self, alias: str) -> bool:
        return alias in payments_settings.PROVIDERS

    def __iter__(self) -> Iterator[str]:
        return iter(payments_settings.PROVIDERS)

    def on_account(self, account: str) -> Iterator[PaymentProvider]:
        """Yield the configured providers on an account, but for those that can't be made."""
        for alias in self:
            try:
                provider = self[alias]
            except ImproperlyConfigured:
                continue
            if provider.account == account:
                yield provider

    def clear(self) -> None:
        """Forget all instances; the next access reads the settings again."""
        with self._lock:
            self._instances.clear()

    def _create(self, alias: str) -> PaymentProvider:
        try:
            configuration: dict[str, Any] = payments_settings.PROVIDERS[alias]
        except KeyError:
            raise InvalidData(f"Payment provider {alias} is not configured.") from None
        try:
            backend = import_string(configuration["BACKEND"])
            provider: PaymentProvider = backend(alias, configuration.get("OPTIONS", {}))
        except Exception as error:
            raise ImproperlyConfigured(f"{SETTING_NAME}['PROVIDERS']['{alias}'] is wrong: {error}") from error
        return provider


providers = ProviderRegistry()


def _reload(*, setting: str, **_: object) -> None:
    if setting == SETTING_NAME:
        providers.clear()


setting_changed.connect(_reload, dispatch_uid="medusa_payments.providers.reload")
