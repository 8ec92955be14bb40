"""Tables of studies made by hand, so that what a report must say is known."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from simint.whatif.metrics import METRICS
from simint.whatif.outcome import Outcome
from simint.whatif.report.study import Study, study_of
from simint.whatif.store import Column, create_store

UNITS = {"capacitor": "F", "v_on": "V"}
Point = Mapping[str, Any]


def metrics(latency_s: float | None, **changes: Any) -> dict[str, Any]:
    """The metrics of a run with one latency for all of its ten inferences, or of one that finished nothing."""
    finished = latency_s is not None
    known: dict[str, Any] = {
        "verdict": "stopped" if finished else "never-on",
        "limit": "charging" if finished else "never-on",
        "hint": "",
        "inferences_finished": 10 if finished else 0,
        "inferences_released": 10,
        "finished_share": 1.0 if finished else 0.0,
        "throughput_per_day": 86400.0 / latency_s if latency_s else 0.0,
        "imo_pct": 10.0,
    }
    for name in ("latency_median_s", "latency_p95_s", "latency_max_s", "within_p95_s", "within_p50_s"):
        known[name] = latency_s
    known |= changes
    return {metric.name: known.get(metric.name) for metric in METRICS}


def impossible(layer: str, tile: int) -> dict[str, Any]:
    """The metrics of a run that cannot terminate."""
    return metrics(
        None,
        verdict="nontermination",
        limit="nontermination",
        nontermination_layer=layer,
        nontermination_tile=tile,
        nontermination_needed_j=9e-5,
        nontermination_given_j=7e-5,
    )


def grid(outcome: Callable[..., Mapping[str, Any] | str | None], **values: Sequence[Any]) -> pd.DataFrame:
    """A study over all combinations: `outcome` gives metrics, an error, or None for a point not computed yet."""
    rows = []
    for number, chosen in enumerate(itertools.product(*values.values())):
        point = dict(zip(values, chosen, strict=True))
        came = outcome(**point)
        status = "missing" if came is None else "error" if isinstance(came, str) else "done"
        found = came if isinstance(came, Mapping) else {metric.name: None for metric in METRICS}
        error = came if isinstance(came, str) else ""
        rows.append({"id": number, **point, "status": status, "error": error, "seconds": 0.1, **found})
    frame = pd.DataFrame(rows)
    for metric in METRICS:
        if metric.kind != "text":
            frame[metric.name] = pd.to_numeric(frame[metric.name])
    return frame


def grid_study(outcome: Callable[..., Mapping[str, Any] | str | None], **values: Sequence[Any]) -> Study:
    """`grid` as the report sees it."""
    return study_of(grid(outcome, **values), tuple(values), tuple(UNITS.get(name, "") for name in values))


def grid_file(
    path: Path, outcome: Callable[..., Mapping[str, Any] | str | None], description: str = "", **values: Sequence[Any]
) -> Path:
    """`grid` as a study file."""
    points = list(itertools.product(*values.values()))
    kinds = {name: "text" if isinstance(column[0], str) else "number" for name, column in values.items()}
    columns = [Column(name, UNITS.get(name, ""), kind) for name, kind in kinds.items()]
    outcomes = []
    for number, chosen in enumerate(points):
        came = outcome(**dict(zip(values, chosen, strict=True)))
        if isinstance(came, str):
            outcomes.append(Outcome(number, 0.1, None, came))
        elif came is not None:
            outcomes.append(Outcome(number, 0.1, dict(came)))
    with create_store(path, {"description": description}, {"version of simint": "0"}, columns, points) as store:
        store.save(outcomes)
    return path
