"""A strict reader of timelines: it accepts only what the Trace Event Format and Perfetto's importer do.

Perfetto turns times into whole nanoseconds and drops a slice that overlaps the one before on its row, so the reader
does the same and fails instead of dropping.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEYS = {
    "X": ({"ph", "pid", "tid", "ts", "dur", "name", "cat"}, {"args"}),
    "C": ({"ph", "pid", "ts", "name", "args"}, set()),
    "M": ({"ph", "pid", "name", "args"}, {"tid"}),
}
METADATA = {"process_name": str, "thread_name": str, "thread_sort_index": int}


@dataclass(frozen=True)
class Slice:
    """One slice; times in ns."""

    name: str
    kind: str
    begin: int
    end: int
    args: dict[str, Any]

    @property
    def seconds(self) -> float:
        return (self.end - self.begin) / 1e9


@dataclass(frozen=True)
class Timeline:
    """The rows of slices by name, the counters by name as (ns, value), and the facts."""

    rows: dict[str, list[Slice]]
    counters: dict[str, list[tuple[int, float]]]
    facts: dict[str, Any]
    title: str
    events: int

    def seconds(self, row: str) -> Counter[str]:
        """Time of a row by kind; a merged slice says what is in it."""
        total: Counter[str] = Counter()
        for each in self.rows.get(row, []):
            if each.kind == "merged":
                for key, value in each.args.items():
                    if key != "slices":
                        total[key.removesuffix("_s")] += value
            else:
                total[each.kind] += each.seconds
        return total

    def slices(self, row: str) -> int:
        """Slices of a row, each of a merged one counted."""
        return sum(each.args["slices"] if each.kind == "merged" else 1 for each in self.rows.get(row, []))

    def at(self, counter: str, time_s: float) -> float:
        """The value of a counter at a time, as a viewer shows it."""
        time_ns = round(time_s * 1e9)
        return next(value for when, value in reversed(self.counters[counter]) if when <= time_ns)


def read_timeline(path: Path) -> Timeline:
    """Read and check a timeline."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    data = json.loads(text, parse_constant=_refuse, object_pairs_hook=_no_twins)
    assert list(data) == ["displayTimeUnit", "traceEvents", "otherData"]
    assert data["displayTimeUnit"] in ("ms", "ns")
    names: dict[int, str] = {}
    order: dict[int, int] = {}
    title = ""
    rows: dict[int, list[Slice]] = defaultdict(list)
    counters: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for event in data["traceEvents"]:
        required, optional = KEYS[event["ph"]]
        assert required <= set(event) <= required | optional, event
        assert isinstance(event["name"], str)
        assert event["name"]
        assert event["pid"] == 1
        if event["ph"] == "X":
            begin, dur = _ns(event["ts"]), _ns(event["dur"])
            assert dur > 0, event
            assert isinstance(event["cat"], str)
            rows[event["tid"]].append(
                Slice(event["name"], event["cat"], begin, begin + dur, _flat(event.get("args", {})))
            )
        elif event["ph"] == "C":
            assert len(event["args"]) == 1
            (value,) = event["args"].values()
            assert isinstance(value, int | float)
            assert math.isfinite(value)
            counters[event["name"]].append((_ns(event["ts"]), float(value)))
        else:
            (value,) = event["args"].values()
            assert isinstance(value, METADATA[event["name"]])
            if event["name"] == "thread_name":
                names[event["tid"]] = value
            elif event["name"] == "thread_sort_index":
                order[event["tid"]] = value
            else:
                title = value
    assert title
    assert set(names) == set(order)
    assert set(rows) <= set(names), "a row without a name"
    assert len(set(names.values())) == len(names)
    for row in rows.values():
        for before, after in itertools.pairwise(row):
            assert after.begin >= before.end, f"{after} overlaps {before}"
    for points in counters.values():
        for earlier, later in itertools.pairwise(points):
            assert later[0] > earlier[0]
    by_name = {names[row]: slices for row, slices in rows.items()}
    return Timeline(by_name, dict(counters), data["otherData"], title, len(data["traceEvents"]))


def _ns(time_us: float) -> int:
    """Whole nanoseconds, which is what a viewer keeps; nothing may be lost by that."""
    assert isinstance(time_us, int | float)
    assert math.isfinite(time_us)
    assert time_us >= 0
    time_ns = round(time_us * 1000)
    assert time_ns / 1000 == time_us
    return time_ns


def _flat(args: dict[str, Any]) -> dict[str, Any]:
    for value in args.values():
        assert isinstance(value, str | int | float | bool), args
        assert not isinstance(value, float) or math.isfinite(value)
    return args


def _refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({key for key, _ in pairs}) == len(pairs), f"a key twice in {pairs}"
    return dict(pairs)
