"""Prints the curves of the capacitors in simint/hardware/presets/capacitors, from formulas with a source.

    python docs/presets/make_capacitor_curves.py ceramic 100uF 18.00169uF 3.234518V 6.3V
    python docs/presets/make_capacitor_curves.py tantalum 100uF 6.3V

`ceramic C0 CSAT VTH RATED`: DC bias of a class-2 ceramic. The SPICE models of Wuerth Elektronik (libraries
WCAP-CSGP_*_DCbias, rev22c, part of LTspice) put on a part the charge

    Q(V) = CSAT V + (C0 - CSAT) VTH arctan(sinh(V / VTH)),    so    dQ/dV = CSAT + (C0 - CSAT) / cosh(V / VTH)

and name C0, CSAT and VTH of every part. A step of the preset holds the mean of dQ/dV over half a volt, so that the
charge at its edges is exact.

`tantalum C RATED`: leakage of a solid tantalum capacitor with manganese dioxide. At the rated voltage the limit of the
data sheets, 0.01 C V; below, a share of 0.05 * 20**(V / RATED) of it: the model of J. Zhan et al.
(doi:10.1109/TCAD.2021.3068946) after AVX's note on low leakage current, as Simba cites them (TantulumCapacitor.py; its
own leakage takes the share at 2.25 V whatever the voltage). The paper and the note were not checked.
"""

from __future__ import annotations

import math
import sys

from simint.cli import Parser, guarded
from simint.units import parse_quantity

STEP_V = 0.5
POINTS = 10


def ceramic_shares(c0: float, csat: float, vth: float, rated_v: float) -> tuple[list[float], list[float]]:
    """Lower voltage of every step, V, and the mean of dQ/dV from there to the next over `c0`."""

    def charge(voltage: float) -> float:
        return csat * voltage + (c0 - csat) * vth * math.atan(math.sinh(voltage / vth))

    lows = [k * STEP_V for k in range(math.ceil(rated_v / STEP_V - 1e-9))]
    highs = [*lows[1:], rated_v]
    shares = [(charge(high) - charge(low)) / ((high - low) * c0) for low, high in zip(lows, highs, strict=True)]
    return lows, [round(share, 4) for share in shares]


def tantalum_leakage(capacitance: float, rated_v: float) -> tuple[list[float], list[float]]:
    """Voltages, V, and the leakage current at each, A."""
    shares = [k / POINTS for k in range(1, POINTS + 1)]
    limit = 0.01 * capacitance * rated_v
    voltages = [round(share * rated_v, 6) for share in shares]
    return [0.0, *voltages], [0.0, *(float(f"{limit * 0.05 * 20**share:.4g}") for share in shares)]


def _block(name: str, columns: dict[str, tuple[list[float], str]]) -> str:
    lines = [f"[{name}]"]
    for column, (values, unit) in columns.items():
        scale = 1e6 if unit == "uA" else 1.0
        texts = (f'"{value * scale:.6g}{unit}"' if unit else f"{value:.6g}" for value in values)
        lines.append(f"{column} = [{', '.join(texts)}]")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Print one curve as the block of a preset."""

    def body() -> int:
        parser = Parser(description="Print the curve of a capacitor as the block of a preset.")
        kinds = parser.add_subparsers(dest="kind", required=True)
        ceramic = kinds.add_parser("ceramic", help="steps of dQ/dV under DC bias")
        for name in ("c0", "csat", "vth", "rated"):
            ceramic.add_argument(name)
        tantalum = kinds.add_parser("tantalum", help="leakage over voltage")
        for name in ("capacitance", "rated"):
            tantalum.add_argument(name)
        options = parser.parse_args(argv)
        rated_v = parse_quantity(options.rated, "V", "rated")
        if options.kind == "ceramic":
            c0, csat = parse_quantity(options.c0, "F", "c0"), parse_quantity(options.csat, "F", "csat")
            lows, shares = ceramic_shares(c0, csat, parse_quantity(options.vth, "V", "vth"), rated_v)
            print(_block("derating", {"voltage": (lows, "V"), "share": (shares, "")}))
        else:
            voltage, current = tantalum_leakage(parse_quantity(options.capacitance, "F", "capacitance"), rated_v)
            print(_block("leakage_table", {"voltage": (voltage, "V"), "current": (current, "uA")}))
        return 0

    return guarded(body)


if __name__ == "__main__":
    sys.exit(main())
