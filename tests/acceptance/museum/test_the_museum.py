"""The museum itself: its names, its page, and that its scenarios can fail."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from threading import Thread
from xml.etree import ElementTree

import pytest

from tests.acceptance.museum.exhibits import NEEDS, ROOMS, catalogue
from tests.acceptance.museum.naive_shop import serve
from tests.acceptance.museum.scoreboard import KINDS, PAGE, render
from tests.acceptance.museum.test_probes import PEER

pytestmark = pytest.mark.any_engine

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PROBES = 9
"""Measurements of the peer."""


@pytest.fixture
def naive_url() -> Iterator[str]:
    with serve() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_every_scenario_has_a_thread_and_is_named_after_it() -> None:
    for each in catalogue():
        name = each.test.rpartition("::")[2]
        if each.room == "probes":
            assert (each.threads, name[:11]) == ((PEER,), "test_probe_")
            continue
        thread = re.fullmatch(r"[\w-]+/([\w.-]+?)(?:#(\d+)| v?(\d+(?:\.\d+)+).*)", each.threads[0])
        assert thread, each.threads
        number = thread[2] or thread[3].replace(".", "_")
        assert f"_{number}_" in name, each.test


def test_there_is_enough_to_see() -> None:
    exhibits = catalogue()

    assert {each.room for each in exhibits} == set(ROOMS)
    assert len({each.threads[0] for each in exhibits}) >= 40
    assert len([each for each in exhibits if each.room == "probes"]) == PROBES
    assert len({each.test for each in exhibits}) == len(exhibits)
    assert KINDS.keys() == NEEDS.keys()


def test_every_scenario_is_in_the_catalogue() -> None:
    rooms = [path for path in HERE.glob("test_*.py") if path != Path(__file__)]
    written = {f"tests/acceptance/museum/{path.name}::{name}" for path in rooms for name in _tests_in(path)}

    assert written == {each.test for each in catalogue()}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render(), "run `python -m tests.acceptance.museum.scoreboard`"


@pytest.mark.proof
@pytest.mark.timeout(200)
def test_every_scenario_fails_in_a_naive_shop(naive_url: str, tmp_path: Path) -> None:
    """Those that need the provider's own side say that they aren't runnable there."""
    report = tmp_path / "report.xml"
    options = ["-q", "-p", "no:randomly", "-n", "0", f"--junitxml={report}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    rooms = sorted({each.test.partition("::")[0] for each in catalogue()})
    command = [sys.executable, "-m", "pytest", *options, f"--museum-base-url={naive_url}", *rooms]
    run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=180)

    failed, skipped = _outcomes(report)

    needs_provider = {each.test for each in catalogue() if "provider" in each.needs}
    assert skipped == needs_provider
    assert failed == {each.test for each in catalogue()} - needs_provider


def _tests_in(path: Path) -> list[str]:
    return re.findall(r"^def (test_\w+)", path.read_text(), flags=re.MULTILINE)


def _outcomes(report: Path) -> tuple[set[str], set[str]]:
    """Return the tests of which something failed, and those that were skipped."""
    failed, skipped = set(), set()
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        room = case.attrib["classname"].replace(".", "/")
        name = f"{room}.py::{case.attrib['name'].partition('[')[0]}"
        if case.find("failure") is not None:
            failed.add(name)
        if case.find("skipped") is not None:
            skipped.add(name)
    return failed, skipped
