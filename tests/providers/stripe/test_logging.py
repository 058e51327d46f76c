"""What Stripe's library logs: never a client secret, whatever the host configures."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import stripe

from medusa_payments.providers.stripe.client import keep_bodies_out_of_logs

pytestmark = pytest.mark.any_engine

CHILD = """
import logging.config, sys

configure = lambda: logging.config.dictConfig({
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": sys.argv[2]}},
    "loggers": {"stripe": {"handlers": ["file"], "level": "DEBUG"}},
    "root": {"handlers": ["file"], "level": "DEBUG"},
})
if sys.argv[3] == "before":
    configure()
from medusa_payments.money import Money
from medusa_payments.providers.stripe import StripeProvider
from medusa_payments.providers.types import InitiateRequest
from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin

twin = StripeTwin(sys.argv[1])
provider = StripeProvider(
    "pp_stripe_stripe", {"api_key": SECRET_KEY, "webhook_secret": "whsec_twin", "http_client": twin.http_client}
)
if sys.argv[3] == "after":
    configure()
made = provider.initiate(InitiateRequest(
    idempotency_key="payop_1", session_id="payses_1", payment_collection_id="pay_col_1",
    money=Money(minor_units=1000, currency_code="eur"), data={},
))
assert "_secret_" in made.data["client_secret"]
print(made.data["client_secret"])
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_client_secret_is_logged_or_printed_at_debug(tmp_path: Path, when: str) -> None:
    log = tmp_path / "stripe.log"
    environment = {**os.environ, "STRIPE_LOG": "debug", "DJANGO_SETTINGS_MODULE": "tests.settings"}

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "twin.sqlite3"), str(log), when],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    secret = done.stdout.strip()
    written = done.stderr + log.read_text()
    assert "Request to Stripe api" in written
    assert secret not in written
    assert "_secret_" not in written


def test_what_the_library_says_at_info_is_cleaned(caplog: pytest.LogCaptureFixture) -> None:
    keep_bodies_out_of_logs()
    logger = logging.getLogger("stripe")
    with caplog.at_level(logging.DEBUG, "stripe"):
        logger.debug("API response body")
        logger.info("No such intent: pi_3_secret_%s, card 4242.4242.4242.4242, key sk_live_51Abcdef", "abcdef")

    assert [record.getMessage() for record in caplog.records] == ["No such intent: pi_3_secret_***, card ***, key ***"]


def test_the_hosts_own_level_of_printing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for level, kept in ((None, None), ("info", "info"), ("debug", "info")):
        monkeypatch.setattr(stripe, "log", level)
        keep_bodies_out_of_logs()
        assert stripe.log == kept
