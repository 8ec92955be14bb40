"""Compiled sources of long traces: made once, before the first point that needs them, and gone after the last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from simint.errors import SimintError
from simint.scenario import Scenario, TraceChoice
from simint.whatif.outcome import Outcome, Task
from simint.whatif.sharing import forget
from simint.whatif.traces import SHARED_SEGMENTS, recorded_choice, share_source, source_name


class SharedSources:
    """Which points need which source; `scenarios`: by point, those that have one."""

    def __init__(self, scenarios: Mapping[int, Scenario], segments: Mapping[TraceChoice, int], folder: Path) -> None:
        self._folder = folder
        self._names: dict[int, str] = {}
        self._scenarios: dict[str, Scenario] = {}
        self._ready: set[str] = set()
        self.order = _order(scenarios)
        for point, scenario in scenarios.items():
            if segments.get(recorded_choice(scenario.trace), 0) >= SHARED_SEGMENTS:
                name = source_name(scenario)
                self._names[point] = name
                self._scenarios.setdefault(name, scenario)
        self._left = Counter(self._names.values())

    def before(self, tasks: Sequence[Task]) -> None:
        """Have ready what these tasks need."""
        for task in tasks:
            name = self._names.get(task.point)
            if name is not None and name not in self._ready:
                self._ready.add(name)
                try:
                    share_source(self._scenarios[name], self._folder)
                except SimintError:
                    # Every point that needs it finds out by itself, and says so.
                    continue

    def after(self, outcomes: Sequence[Outcome]) -> None:
        """These points are done: a source that no other one needs goes."""
        for outcome in outcomes:
            name = self._names.get(outcome.point)
            if name is not None:
                self._left[name] -= 1
                if self._left[name] == 0:
                    forget(self._folder, name)


def _order(scenarios: Mapping[int, Scenario]) -> dict[int, int]:
    """Points with the same source beside each other, otherwise as they come."""
    places: dict[object, int] = {}
    order: dict[int, int] = {}
    for point, scenario in scenarios.items():
        assert not isinstance(scenario.supply, str)
        key = (scenario.trace.name, scenario.trace, scenario.supply.converter)
        order[point] = places.setdefault(key, len(places))
    return order
