"""`simint VERB ...`: the same commands as `python -m simint.VERB ...`."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata

from simint.cli import guarded
from simint.errors import InputError

VERBS = {
    "replay": ("simint.replay.__main__", "replay a power trace: from trace to verdict"),
    "whatif": ("simint.whatif.__main__", "replay at every point of what varies: capacitors, thresholds, traces, ..."),
    "explore": ("simint.explore", "find the best execution design of every layer of a network"),
    "network": ("simint.network.__main__", "list the published networks"),
    "trace": ("simint.trace.__main__", "list, show, convert and synthesise power traces"),
    "cost": ("simint.cost", "evaluate a table of execution designs with the tile-cost model"),
}


def main(argv: list[str] | None = None) -> int:
    """Hand over to the verb's own command."""
    return guarded(lambda: _run(sys.argv[1:] if argv is None else argv))


def _run(words: list[str]) -> int:
    if words and words[0] in VERBS:
        module = importlib.import_module(VERBS[words[0]][0])
        return int(module.main(words[1:]))
    if words and words[0] in ("--version", "-V"):
        print(f"simint {metadata.version('simint')}")
        return 0
    usage = "usage: simint VERB [options]\n\n" + "\n".join(f"  {verb:8} {what}" for verb, (_, what) in VERBS.items())
    if not words or words[0] in ("-h", "--help"):
        print(f"{usage}\n\n`simint VERB --help` explains a verb.")
        return 0
    raise InputError(f"unknown verb {words[0]!r}; known: {', '.join(VERBS)}")


if __name__ == "__main__":
    sys.exit(main())
