"""What a stage of the worker reports."""

from dataclasses import dataclass

BATCH = 100
"""How many rows a stage takes on in one run, so that no stage keeps the others waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """`done`: rows brought to an end. `left`: rows that are due, or will be tried again. `waiting`: rows that only a
    person can bring to an end. `notes`: one line per row that a dry run would touch.
    """

    name: str
    done: int = 0
    left: int = 0
    waiting: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run of the worker, stage by stage."""

    stages: tuple[StageReport, ...]

    @property
    def done(self) -> int:
        return sum(stage.done for stage in self.stages)

    @property
    def left(self) -> int:
        return sum(stage.left for stage in self.stages)

    @property
    def waiting(self) -> int:
        return sum(stage.waiting for stage in self.stages)
