"""A row of the store: one candidate judged at one fidelity."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from nas.problem.evaluation import COST_NAMES, MEASURE_NAMES, Evaluation, HardwareCosts, Measures
from nas.space.genome import Genome

SqlValue = float | int | str | None


@dataclass(frozen=True, slots=True)
class Record:
    """An evaluation, the word of its network, how its measures were made, and the seconds that took."""

    evaluation: Evaluation
    word: str
    fidelity: str
    seconds: float


# SQLite has no NaN: it stands as NULL. Infinity it has.
COLUMNS = (
    ("genome", "TEXT NOT NULL"),
    ("word", "TEXT NOT NULL"),
    ("fidelity", "TEXT NOT NULL"),
    ("seconds", "REAL NOT NULL"),
    ("reason", "TEXT NOT NULL"),
    *((name, "REAL") for name in COST_NAMES + MEASURE_NAMES),
)


def genome_text(genome: Genome) -> str:
    """A genome as it stands in a file: its indices, by commas."""
    return ",".join(map(str, genome))


def read_genome(text: str) -> Genome:
    """The way back from `genome_text`."""
    return tuple(msgspec.json.decode(f"[{text}]", type=list[int]))


def row_of(record: Record) -> tuple[SqlValue, ...]:
    """A record as the values of `COLUMNS`."""
    evaluation = record.evaluation
    numbers = (*dataclasses.astuple(evaluation.costs), *dataclasses.astuple(evaluation.measures))
    plain = (genome_text(evaluation.genome), record.word, record.fidelity, record.seconds, evaluation.reason)
    return (*plain, *(None if math.isnan(number) else number for number in numbers))


def record_of(row: Sequence[SqlValue]) -> Record:
    """The way back from `row_of`, to the last digit."""
    genome, word, fidelity, seconds, reason, *values = row
    numbers = [math.nan if value is None else float(value) for value in values]
    costs = HardwareCosts(*numbers[: len(COST_NAMES)])
    measures = Measures(*numbers[len(COST_NAMES) :])
    evaluation = Evaluation(read_genome(str(genome)), costs, measures, str(reason))
    return Record(evaluation, str(word), str(fidelity), float(seconds or 0.0))
