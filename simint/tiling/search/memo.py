"""A bounded memory of explored layers: within one process the same question is not answered twice."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from simint.compiled import source_stamp
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.tiling.design import ExecutionDesign
from simint.tiling.published.electrical import ElectricalSettings
from simint.tiling.search.shapes import LayerKey

# The fields of `LayerDesign` after the name.
ShapeResult = tuple[str, int, int, ExecutionDesign | None, int, float, float, float, float, float, float, float, float]


class Question(NamedTuple):
    """All that the best design of a layer depends on, besides its shape and the formulas."""

    platform: Platform
    settings: ElectricalSettings
    objective: str
    batches: str


class ExplorationMemo:
    """Results by question, formula version and layer shape; the least recently used are forgotten.

    `shapes`: how many are kept in all. One memo belongs to one thread; processes each have their own.
    """

    def __init__(self, shapes: int = 100_000) -> None:
        if shapes < 1:
            raise InputError(f"a memo must have room for at least one shape, got {shapes}")
        self._room = shapes
        self._results: OrderedDict[tuple[int, LayerKey], ShapeResult] = OrderedDict()
        self._questions: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._results)

    def recall(self, question: Question, keys: Sequence[LayerKey]) -> dict[int, ShapeResult]:
        """The known results by the place of their key."""
        number = self._number(question)
        found = {}
        for place, key in enumerate(keys):
            result = self._results.get((number, key))
            if result is not None:
                self._results.move_to_end((number, key))
                found[place] = result
        return found

    def store(self, question: Question, key: LayerKey, result: ShapeResult) -> None:
        """Remember a result."""
        self._results[self._number(question), key] = result
        if len(self._results) > self._room:
            self._results.popitem(last=False)

    def _number(self, question: Question) -> int:
        """A short name for a question; when there are too many of them, all is forgotten."""
        identity = (question, formula_version())
        if identity not in self._questions:
            if len(self._questions) >= self._room:
                self._questions.clear()
                self._results.clear()
            self._questions[identity] = len(self._questions)
        return self._questions[identity]


@functools.lru_cache(maxsize=1)
def formula_version() -> tuple[tuple[str, float, int], ...]:
    """The state of all source files that the exploration is made of."""
    return source_stamp("simint.tiling.search.exploration")
