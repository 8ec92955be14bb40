"""Ways to run the replay command, and the small parts its tests replay with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simint.replay.__main__ import main

# About 0.8 mJ and 0.1 s an inference: small enough for recordings of half a minute.
SMALL_NETWORK = "plain:har:1x2-1x2-1x2"


def summary_of(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    """The summary that the command prints with --json."""
    assert main([*map(str, arguments), "--json"]) == code
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that a refused command prints on stderr; nothing else may come out of it."""
    assert main([*map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def command(*arguments: object, folder: Path | None = None, module: str = "simint.replay") -> Any:
    """The command in a process of its own, run from `folder`."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write_supply(path: Path, **changes: object) -> Path:
    """A supply file: a boost charger into 100 uF between 2.8 V and 1.9 V, with changes; None leaves a field out."""
    fields: dict[str, object] = {
        "name": path.stem,
        "source": "made for a test",
        "kind": "boost",
        "efficiency": 0.8,
        "v_on": "2.8V",
        "v_off": "1.9V",
        "v_max": "5V",
        "quiescent": "488nA",
        "capacitance": "100uF",
        "leakage": "5Mohm",
    }
    fields |= changes
    lines = {key: f"{key} = {json.dumps(value)}" for key, value in fields.items() if value is not None}
    capacitor = [lines.pop(key) for key in ("capacitance", "leakage", "rated_voltage") if key in lines]
    converter = [lines.pop(key) for key in ("kind", "efficiency", "diode_drop") if key in lines]
    whole = [*lines.values(), "[converter]", *converter, "[capacitor]", *capacitor]
    path.write_text("\n".join(whole) + "\n", encoding="utf-8")
    return path
