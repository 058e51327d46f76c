import pytest

from tests.acceptance.contract.openapi_differences import contract_folder
from tests.api.conftest import collection, openapi, payment, session, set_total, staff, storefront

__all__ = ["collection", "openapi", "payment", "session", "set_total", "staff", "storefront"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs Medusa's own documents where they aren't at hand."""
    if contract_folder() is not None:
        return
    left_out = [item for item in items if item.get_closest_marker("peer_documents")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
