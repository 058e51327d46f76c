"""The documents that this project began with, each walked line by line by a file of its own."""

import pytest

pytest.register_assert_rewrite("tests.acceptance.contract.seeds.initialize_payment_session")
