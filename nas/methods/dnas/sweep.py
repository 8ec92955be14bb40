"""Many points of a search: memory limits, strengths of the second cost, seeds; they share warm-ups and tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from nas.data.catalogue import load_data
from nas.methods.dnas.config import DnasConfig
from nas.methods.dnas.costs import CostBook
from nas.methods.dnas.result import DnasResult
from nas.methods.dnas.search import Listener, run_dnas

# Shares of the seed's memory in the paper (DNAS).
PUBLISHED_MEMORIES = ("75%", "50%", "25%", "12.5%", "6.25%")


def sweep(
    config: DnasConfig,
    out_dir: Path,
    memories: Sequence[str] = PUBLISHED_MEMORIES,
    strengths: Sequence[float] = (0.0, 3.0),
    seeds: Sequence[int] = (0, 1, 2),
    progress: Listener | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> tuple[DnasResult, ...]:
    """All points in order of seed, memory and strength; `config` gives the rest. Finished points are read.

    A point's result depends on its own config alone, not on what else is swept. Raises as `run_dnas`.
    """
    data = load_data(config.data, None if config.data_folder is None else Path(config.data_folder))
    book = CostBook()
    return tuple(
        run_dnas(
            msgspec.structs.replace(config, memory=memory, strength=strength, seed=seed),
            out_dir,
            progress,
            device,
            threads,
            data,
            book,
        )
        for seed in seeds
        for memory in memories
        for strength in strengths
    )
