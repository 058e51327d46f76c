"""How v1 names providers: without `pp_`, and the two that Medusa ships by names of their own."""

_NAMES = {"pp_system_default": "manual", "pp_stripe_stripe": "stripe"}
_IDS = {name: provider_id for provider_id, name in _NAMES.items()}


def provider_name(provider_id: str) -> str:
    """Return v1's name of a provider (`pp_stripe_stripe` -> `stripe`)."""
    return _NAMES.get(provider_id, provider_id.removeprefix("pp_"))


def provider_id_of(name: str) -> str:
    """Return the provider that v1 calls by a name (`stripe` -> `pp_stripe_stripe`); its own id is understood too."""
    return _IDS.get(name, name if name.startswith("pp_") else f"pp_{name}")
