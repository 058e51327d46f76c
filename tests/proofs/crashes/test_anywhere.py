"""A process is killed at every point of every verb. Afterwards every effect is there once and nothing is left open.

All points are tried by `make proof`; the ordinary run one each.
"""

import pytest

from medusa_payments.testing.fake_provider import FakeProvider
from tests.proofs.crashes.harness import COURSES, Course, Stage
from tests.proofs.crashes.points import leaves_a_mark
from tests.proofs.crashes.scenes import SCENES, Scene
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

CASES = [
    pytest.param(scene, course, id=f"{scene.name}-{course.name}")
    for scene in SCENES
    for course in COURSES
    if (scene.takes_key if course.idempotency_key else not scene.needs_key)
]

FIRST_COURSES = list({case.values[0].name: case for case in reversed(CASES)}.values())
"""Each scene once."""


@pytest.fixture
def stage(till: Till, fake_provider: FakeProvider) -> Stage:
    return Stage(till=till, provider=fake_provider)


def _apart(names: list[str]) -> list[int]:
    """Nothing happens after one statement and before the next: a death there is tried once."""
    return [
        number
        for number, name in enumerate(names)
        if number == 0 or not (name.startswith("before") and names[number - 1].startswith("after"))
    ]


def _with_other_books(names: list[str]) -> list[int]:
    """A death leaves nothing behind but the books: what reads lie between is the same to every provider."""
    return [number for number, name in enumerate(names) if number == 0 or leaves_a_mark(name)]


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("scene", "course"), CASES)
def test_every_point(
    stage: Stage, scene: Scene, course: Course, record_property: object, pytestconfig: pytest.Config
) -> None:
    """With the fake provider every point; with Stripe's twin every one after which the books are others, or all."""
    names = stage.points(scene, course)
    takes_all = pytestconfig.getoption("--every-point") or not pytestconfig.getoption("--on-stripe")
    apart = _apart(names) if takes_all else _with_other_books(names)
    faults = {f"{number} {names[number]}": stage.faults(scene, course, number) for number in apart}

    record_property("points", len(faults))  # type: ignore[operator]
    assert len(names) > 10
    assert {point: found for point, found in faults.items() if found} == {}


@pytest.mark.parametrize(("scene", "course"), FIRST_COURSES)
def test_the_moment_between_effect_and_answer(stage: Stage, scene: Scene, course: Course) -> None:
    """Where a scene calls no provider, some other moment."""
    names = stage.points(scene, course)
    number = max((number for number, name in enumerate(names) if "effect" in name), default=len(names) // 2)
    assert stage.faults(scene, course, number) == [], names[number]


@pytest.mark.parametrize("fake_provider", ["on Stripe"], indirect=True)
@pytest.mark.parametrize("name", ["initialize", "authorize", "capture", "refund", "cancel"])
def test_that_moment_on_stripe(stage: Stage, name: str) -> None:
    """All scenes at all points: make proof."""
    scene, course = next(scene for scene in SCENES if scene.name == name), COURSES[0]
    names = stage.points(scene, course)
    number = max(number for number, point in enumerate(names) if "effect" in point)
    assert stage.faults(scene, course, number) == [], names[number]
