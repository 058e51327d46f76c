"""The documents that this project began with, each walked line by line. Those of one endpoint share a file."""

import pytest

pytest.register_assert_rewrite("tests.acceptance.contract.seeds.initialize_payment_session")
