from tests.api.conftest import collection, openapi, payment, session, set_total, staff, storefront

__all__ = ["collection", "openapi", "payment", "session", "set_total", "staff", "storefront"]
