"""Sends the twin's webhooks to where they belong, in the background of a demo.

As a process: `python -m medusa_payments.testing.stripe_twin.courier FILE URL [ACCOUNT]`. What isn't answered with 2xx
is sent again, ever more rarely, as Stripe does it.
"""

import logging
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

from medusa_payments.testing.stripe_twin import deliveries, webhooks
from medusa_payments.testing.stripe_twin.call import shown
from medusa_payments.testing.stripe_twin.deliveries import Delivery
from medusa_payments.testing.stripe_twin.twin import ACCOUNT, StripeTwin
from medusa_payments.testing.stripe_twin.webhooks import Mischief

logger = logging.getLogger(__name__)

_PAUSES = (1, 2, 5, 15, 60, 300, 900, 3600)
"""Seconds until an unanswered webhook is sent again; after the last it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where an account's webhooks go. `secret` signs; `timeout` is in seconds for one of them."""

    url: str
    secret: str
    account_id: str = ACCOUNT
    timeout: float = 10


class Courier:
    """Delivers what a twin has to tell. Several may run at once: each webhook is taken by one of them."""

    def __init__(self, twin: StripeTwin, destination: Destination, *, mischief: Mischief | None = None) -> None:
        self._twin = twin
        self._destination = destination
        self._mischief = mischief or Mischief()
        self._stop = threading.Event()

    def deliver_due(self) -> int:
        """Let time pass, then send all webhooks that are due, oldest first; return how many were answered with 2xx."""
        self._twin.advance(0)
        with self._twin.books() as books:
            due = deliveries.take_due(books, self._destination.url, self._destination.account_id)
        return sum(self._deliver(delivery) for delivery in self._mischief.apply(due))

    def run(self, *, pause_seconds: float = 0.5) -> None:
        """Deliver until `stop` is called."""
        while not self._stop.is_set():
            self.deliver_due()
            self._stop.wait(pause_seconds)

    def run_in_background(self, *, pause_seconds: float = 0.5) -> threading.Thread:
        """Deliver in a thread of its own, which ends with the process or with `stop`."""
        thread = threading.Thread(target=self.run, kwargs={"pause_seconds": pause_seconds}, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()

    def _deliver(self, delivery: Delivery) -> bool:
        is_answered = self._post(delivery)
        next_at = None
        if not is_answered and delivery.attempts <= len(_PAUSES):
            next_at = time.time() + _PAUSES[delivery.attempts - 1]
        with self._twin.books() as books:
            deliveries.conclude(books, delivery, is_answered=is_answered, next_at=next_at)
        return is_answered

    def _post(self, delivery: Delivery) -> bool:
        body = webhooks.body_of(shown(delivery.event))
        headers = webhooks.sign(body, secret=self._destination.secret)
        request = urllib.request.Request(self._destination.url, data=body, headers=headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self._destination.timeout):  # noqa: S310
                return True
        except (OSError, urllib.error.HTTPError) as error:
            logger.warning("Webhook %s was not taken: %s", delivery.event["id"], error)
            return False


def main(arguments: Sequence[str]) -> None:
    path, url, *rest = arguments
    twin = StripeTwin(path)
    account_id = rest[0] if rest else ACCOUNT
    Courier(twin, Destination(url=url, secret=twin.webhook_secret(account_id), account_id=account_id)).run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main(sys.argv[1:])
