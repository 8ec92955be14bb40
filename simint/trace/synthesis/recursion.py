"""The one loop of trace synthesis: a first-order recursion, compiled."""

from __future__ import annotations

from simint.compiled import compiled
from simint.trace.power_trace import FloatArray


@compiled
def first_order(drive: FloatArray, decay: float, start: float) -> None:
    """Overwrite `drive` by y[k] = decay * y[k-1] + drive[k], with y[-1] = `start`."""
    value = start
    for k in range(drive.size):
        value = decay * value + drive[k]
        drive[k] = value
