"""Shared fixtures: the reference data lies beside the project and is never committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A first call compiles, which no deadline should count. On the build server the same examples run every time.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with specifications, golden tables and data sets (`SIMINT_SHARED`, by default ../shared)."""
    folder = Path(os.environ.get("SIMINT_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder}; set SIMINT_SHARED to the folder that holds it")
    return folder
