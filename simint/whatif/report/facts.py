"""Where a study comes from, in words: its title, what varies, what its results depend on, how to make it again."""

from __future__ import annotations

import shlex
import sqlite3
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simint.whatif.frame import StudyFrame
from simint.whatif.report.columns import in_sentence, value_text
from simint.whatif.report.page import Facts
from simint.whatif.report.series import short_name
from simint.whatif.report.study import Outcome, Parameter, Study

# More words than this are counted, not listed.
_LISTED = 24


def facts_of(path: Path, loaded: StudyFrame, study: Study, options: list[str]) -> Facts:
    """The facts for the page about the study in `path`; `options` are those of the report's command."""
    base = _base(loaded.description)
    names = [in_sentence(parameter.column) for parameter in study.parameters if len(parameter.values) > 1]
    network = _name(base.get("network"), "the network")
    parts = [f"network {network}"]
    for part in ("platform", "supply"):
        if part not in loaded.varied and base.get(part):
            parts.append(f"{part} {_name(base[part], part)}")
    done = len(study.frame) - study.count(Outcome.MISSING)
    parts.append(f"{done:,} points" if done == len(study.frame) else f"{done:,} of {len(study.frame):,} points")
    return Facts(
        title=f"What-if study: {_joined(names)}" if names else "What-if study",
        subtitle=", ".join(parts),
        varied=tuple((parameter.column.label, _values(parameter)) for parameter in study.parameters),
        inputs=_inputs(path),
        description=loaded.description,
        commands=(
            f"simint whatif study.toml --study {shlex.quote(path.name)}\n"
            f"simint whatif report {shlex.join([path.name, *options])}"
        ),
    )


def _base(description: str) -> Mapping[str, Any]:
    try:
        scenario = tomllib.loads(description).get("scenario")
    except tomllib.TOMLDecodeError:
        return {}
    return scenario if isinstance(scenario, dict) else {}


def _name(part: Any, fallback: str) -> str:
    if isinstance(part, str):
        return short_name(part)
    return str(part.get("name", fallback)) if isinstance(part, dict) else fallback


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _values(parameter: Parameter) -> str:
    """The values of a parameter in a phrase."""
    texts = [value_text(parameter.column, value) for value in parameter.values]
    if parameter.numeric and len(texts) > 6:
        how = ", drawn at random" if parameter.sampled else ""
        return f"{len(texts):,} values from {texts[0]} to {texts[-1]}{how}"
    if len(texts) > _LISTED:
        return f"{len(texts):,} values, {', '.join(texts[:3])} and others"
    return ", ".join(texts)


def _inputs(path: Path) -> tuple[tuple[str, str], ...]:
    """Name and hash or version of everything the results depend on, as the study file records it."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return ()
    try:
        return tuple((str(name), str(text)) for name, text in connection.execute("SELECT name, hash FROM inputs"))
    except sqlite3.Error:
        return ()
    finally:
        connection.close()
