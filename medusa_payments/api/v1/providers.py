"""How v1 names providers: without `pp_`, and those that Medusa ships as its v1 plugins call them."""

from collections.abc import Iterable


def provider_name(provider_id: str) -> str:
    """Return v1's name of a provider (`pp_stripe-ideal_stripe` -> `stripe-ideal`)."""
    if provider_id == "pp_system_default":
        return "manual"
    name = provider_id.removeprefix("pp_")
    return name.removesuffix("_stripe") if name.startswith("stripe") else name


def named(name: str, provider_ids: Iterable[str]) -> str | None:
    """Return which of several providers v1 calls so, None for none; ids are understood too, with or without `pp_`."""
    return next((each for each in provider_ids if name in {each, each.removeprefix("pp_"), provider_name(each)}), None)
