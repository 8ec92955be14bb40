"""Compiled sources of long traces: made once, before the first point that needs them, and gone after the last."""

from __future__ import annotations

import contextlib
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
        self._scenarios: dict[str, dict[float, Scenario]] = {}  # by name and turn-on threshold
        self._ready: set[str] = set()
        self.order = _order(scenarios)
        for point, scenario in scenarios.items():
            if segments.get(recorded_choice(scenario.trace), 0) >= SHARED_SEGMENTS:
                name = source_name(scenario)
                self._names[point] = name
                self._scenarios.setdefault(name, {}).setdefault(_v_on(scenario), scenario)
        self._left = Counter(self._names.values())

    def before(self, tasks: Sequence[Task]) -> None:
        """Have ready what these tasks need."""
        for task in tasks:
            name = self._names.get(task.point)
            if name is not None and name not in self._ready:
                self._ready.add(name)
                self._share(self._scenarios[name])

    def _share(self, scenarios: Mapping[float, Scenario]) -> None:
        """Compile a source for the highest turn-on threshold that it reaches: it serves the lower ones too."""
        for v_on in sorted(scenarios, reverse=True):
            # A point with a threshold beyond its source finds out by itself, and says so.
            with contextlib.suppress(SimintError):
                share_source(scenarios[v_on], self._folder)
                return

    def after(self, outcomes: Sequence[Outcome]) -> None:
        """These points are done: a source that no other one needs goes."""
        for outcome in outcomes:
            name = self._names.get(outcome.point)
            if name is not None:
                self._left[name] -= 1
                if self._left[name] == 0:
                    forget(self._folder, name)


def _v_on(scenario: Scenario) -> float:
    assert not isinstance(scenario.supply, str)
    return scenario.supply.v_on


def _order(scenarios: Mapping[int, Scenario]) -> dict[int, int]:
    """Points with the same source beside each other, otherwise as they come."""
    places: dict[object, int] = {}
    order: dict[int, int] = {}
    for point, scenario in scenarios.items():
        assert not isinstance(scenario.supply, str)
        key = (scenario.trace.name, scenario.trace, scenario.supply.converter)
        order[point] = places.setdefault(key, len(places))
    return order
