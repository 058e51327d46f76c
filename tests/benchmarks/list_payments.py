"""What `GET /admin/payments` costs on a large table, in milliseconds per request.

    createdb medusa_payments_benchmark
    DATABASE_URL=postgres://…/medusa_payments_benchmark python -m tests.benchmarks.list_payments [rows] [requests]

Fills an empty database of its own on PostgreSQL (200 000 payments unless told, each with a capture, every tenth with a
refund), then calls the view in this process. Process CPU is Django's, PostgreSQL CPU that of the connection's backend
(read from /proc, so only of a server on this machine; parallel workers are off, so that nothing escapes the count).
"""

# ruff: noqa: T201 -- it is there to print

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import django

os.environ.setdefault("SECRET_KEY", "of a benchmark")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storefront_project.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 -- after django.setup
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from medusa_payments.models import Payment  # noqa: E402

ROWS = 200_000
REQUESTS = 40
BATCH = 5

QUERIES = {
    "default": "limit=20",
    "newest first": "limit=20&order=-created_at",
    "by amount": "limit=20&order=-amount",
    "offset in the middle": "limit=20&offset={middle}",
    "offset at the end": "limit=20&offset={end}",
    "newest first, offset in the middle": "limit=20&order=-created_at&offset={middle}",
    "one id": "id={last_id}",
    "last day": "limit=20&order=-created_at&created_at[$gte]={last_day}",
    "last day or one id": "limit=20&$or[0][created_at][$gte]={last_day}&$or[1][id]={last_id}",
    "ids like": "limit=20&id[$like]=%2500",
    "count only": "limit=0",
}

FILL = """
    INSERT INTO medusa_payments_paymentcollection
        (id, currency_code, amount, status, authorized_amount, captured_amount, refunded_amount, cart_id, order_id,
         region_id, customer_id, email, event_count, created_at, updated_at)
    SELECT 'pay_col_' || to_char(n, 'FM0000000000'), 'eur', 5997, 'completed', 5997, 5997, 0, 'cart_' || n, '',
        'reg_eu', '', '', 0, moment, moment
    FROM (SELECT n, now() - (%(rows)s - n) * interval '1 minute' AS moment FROM generate_series(1, %(rows)s) AS n) AS s;

    INSERT INTO medusa_payments_paymentsession
        (id, payment_collection_id, slot, provider_id, provider_account, provider_ref, amount, currency_code, status,
         client_data, provider_data, customer_id, created_at, updated_at)
    SELECT replace(id, 'pay_col', 'payses'), id, 0, 'pp_system_default', 'pp_system_default', id, amount, 'eur',
        'captured', '{}', '{}', '', created_at, updated_at
    FROM medusa_payments_paymentcollection ORDER BY id;

    INSERT INTO medusa_payments_payment
        (id, payment_collection_id, payment_session_id, provider_id, provider_account, provider_ref, amount,
         currency_code, captured_amount, capturing_amount, released_amount, releasing_amount, refunded_amount,
         refunding_amount, provider_data, created_at, updated_at, captured_at)
    SELECT replace(id, 'payses', 'pay'), payment_collection_id, id, provider_id, provider_account, provider_ref, amount,
        'eur', amount, 0, 0, 0, 0, 0, '{}', created_at, updated_at, created_at
    FROM medusa_payments_paymentsession ORDER BY id;

    INSERT INTO medusa_payments_capture (id, payment_id, amount, provider_ref, created_by, created_at)
    SELECT replace(id, 'pay', 'capt'), id, amount, 'x', '', created_at FROM medusa_payments_payment ORDER BY id;

    INSERT INTO medusa_payments_refund (id, payment_id, amount, provider_ref, created_by, created_at)
    SELECT replace(id, 'pay', 'ref'), id, 100, 'x', '', created_at FROM medusa_payments_payment
    WHERE id LIKE '%%0' ORDER BY id;
"""


class Cost(NamedTuple):
    """Seconds since an arbitrary moment."""

    wall: float
    process: float
    postgres: float


def fill(rows: int) -> None:
    call_command("migrate", verbosity=0)
    if Payment.objects.exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"rows": rows})
        cursor.execute("VACUUM ANALYZE")


def spent(backend: int) -> Cost:
    statistics = Path(f"/proc/{backend}/schedstat")
    postgres = int(statistics.read_text().split()[0]) / 1e9 if statistics.exists() else float("nan")
    return Cost(time.perf_counter(), time.process_time(), postgres)


def costs(client: APIClient, query: str, requests: int, backend: int) -> Iterator[Cost]:
    """Yield what one request cost, as the mean of each small batch: background noise shows as an outlier."""
    for _ in range(max(1, requests // BATCH)):
        before = spent(backend)
        for _ in range(BATCH):
            response = client.get(f"/admin/payments?{query}", headers={"host": "localhost"})
            if response.status_code != 200:
                raise RuntimeError(response.content)
        yield Cost(*((after - start) / BATCH * 1000 for start, after in zip(before, spent(backend), strict=True)))


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def main(rows: int = ROWS, requests: int = REQUESTS) -> None:
    fill(rows)
    client = APIClient()
    client.force_authenticate(User.objects.get_or_create(username="benchmark", is_staff=True, is_superuser=True)[0])
    last = Payment.objects.latest("created_at")
    values = {
        "middle": rows // 2,
        "end": rows - 20,
        "last_id": last.pk,
        "last_day": f"{last.created_at:%Y-%m-%d}",
    }
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    print(f"{'':36}{'wall':>8}{'process':>9}{'PostgreSQL':>12}  milliseconds, {rows} payments")
    for name, query in QUERIES.items():
        list(costs(client, query.format(**values), BATCH, backend))
        measured = list(costs(client, query.format(**values), requests, backend))
        wall, process, postgres = (median([each[index] for each in measured]) for index in range(3))
        print(f"{name:36}{wall:8.2f}{process:9.2f}{postgres:12.2f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
