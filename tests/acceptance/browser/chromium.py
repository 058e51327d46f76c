"""A headless Chromium for synchronous tests.

Playwright's own synchronous API keeps an event loop running in the test's thread, where Django then refuses to use the
database. So its asynchronous API runs in a thread of its own, and tests wait for what they ask of it.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from playwright.async_api import Browser, async_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
PATIENCE_SECONDS = 60

ResultT = TypeVar("ResultT")


def executable() -> str | None:
    """Return the path of a Chromium: `CHROMIUM` from the environment, or one that is installed; None without any."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, filter(None, names)) if path), None)


class Chromium:
    """A running browser. `do` waits for anything that Playwright's asynchronous API returns."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.browser: Browser

    def do(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)


@contextmanager
def running(path: str) -> Iterator[Chromium]:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="playwright", daemon=True)
    thread.start()
    chromium = Chromium(loop)
    playwright = chromium.do(async_playwright().start())
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": str(Path(home) / "config")}
            chromium.browser = chromium.do(
                playwright.chromium.launch(executable_path=path, args=FLAGS, env=environment)  # type: ignore[arg-type]
            )
            yield chromium
            chromium.do(chromium.browser.close())
    finally:
        chromium.do(playwright.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
