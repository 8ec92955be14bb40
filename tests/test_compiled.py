"""The cache of compiled code notices edits in other files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from simint.compiled import compiled, source_stamp

HELPER = """
from simint.compiled import compiled
@compiled
def helper(x: int) -> int:
    return x {change}
"""
KERNEL = """
from simint.compiled import compiled
from pack.helper import helper
@compiled
def kernel(x: int) -> int:
    return helper(x)
"""


def run_kernel(folder: Path) -> str:
    code = "from pack.kernel import kernel; print(kernel(10))"
    return subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_an_edit_of_a_helper_in_another_file_reaches_the_cached_kernel(tmp_path: Path) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "kernel.py").write_text(KERNEL)
    (package / "helper.py").write_text(HELPER.format(change="+ 1"))
    assert run_kernel(tmp_path) == "11"
    assert list((package / "__pycache__").glob("kernel.kernel*.nbi"))
    (package / "helper.py").write_text(HELPER.format(change="+ 1000"))
    assert run_kernel(tmp_path) == "1010"


def test_a_kernel_depends_on_its_formulas_and_not_on_other_rooms() -> None:
    import simint.tiling.search.sweep

    names = {name for name, _, _ in source_stamp(simint.tiling.search.sweep.__name__)}
    assert {"simint.tiling.formulas", "simint.tiling.unit_costs", "simint.tiling.geometry"} <= names
    assert not any(name.startswith(("simint.engine", "simint.trace", "numba")) for name in names)


def test_compiled_code_keeps_ieee_arithmetic() -> None:
    """No fast-math: a sum in the given order, and division by zero as in numpy."""

    @compiled
    def total(a: float, b: float, c: float) -> float:
        return (a + b) + c

    @compiled
    def ratio(a: float, b: float) -> float:
        return a / b

    assert total(1e16, -1e16, 1.0) == 1.0
    assert ratio(1.0, 0.0) == float("inf")
