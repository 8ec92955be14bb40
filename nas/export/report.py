"""What 16-bit fixed point costs a network: accuracies side by side, and how full every format is."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import torch

from nas.data.split import Split
from nas.export.integer_run import fixed_maps
from nas.export.quantise import FixedNetwork
from nas.modules.network_module import NetworkModule

REPORT_FORMAT = "simint-export/1"
ACCUMULATOR_BITS = 32  # of TI's vector unit (LEA) and of a C int32_t
_BATCH = 250


class SplitReport(msgspec.Struct, frozen=True, kw_only=True):
    """One split: `agreement_percent` is the share of samples with the same answer in both arithmetics."""

    samples: int
    float_accuracy_percent: float
    q15_accuracy_percent: float
    agreement_percent: float


class LayerReport(msgspec.Struct, frozen=True, kw_only=True):
    """One layer: fraction bits, bits (sign included) that its largest sum takes, and share of outputs cut off."""

    name: str
    kind: str
    output_bits: int
    weight_bits: int | None
    offset_bits: int | None
    sum_bits: int
    saturated_percent: float


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    """The content of report.json; `layers` as the validation samples found them."""

    format: str = REPORT_FORMAT
    network: str
    data: str
    data_sha256: str
    platform: str
    weight_bytes: int
    validation: SplitReport
    test: SplitReport | None
    layers: tuple[LayerReport, ...]

    @property
    def wide_layers(self) -> tuple[LayerReport, ...]:
        """Layers whose sums do not fit a 32-bit accumulator."""
        return tuple(layer for layer in self.layers if layer.sum_bits > ACCUMULATOR_BITS)


def compare(module: NetworkModule, fixed: FixedNetwork, split: Split) -> tuple[SplitReport, tuple[LayerReport, ...]]:
    """Both arithmetics on one split."""
    largest, saturated, outputs = ([0.0] * len(fixed.layers) for _ in range(3))
    answers, float_answers = [], []
    for start in range(0, len(split.y), _BATCH):
        x = split.x[start : start + _BATCH]
        numbers = torch.empty(0)
        for result in fixed_maps(fixed, x):
            numbers = result.numbers
            largest[result.position] = max(largest[result.position], result.largest_sum)
            saturated[result.position] += result.saturated
            outputs[result.position] += numbers.numel()
        answers.append(numbers.flatten(1).argmax(1).numpy())
        with torch.no_grad():
            float_answers.append(module.eval()(torch.from_numpy(x)).argmax(1).numpy())
    fixed_answer, float_answer = np.concatenate(answers), np.concatenate(float_answers)
    report = SplitReport(
        samples=len(split.y),
        float_accuracy_percent=_percent(float_answer == split.y),
        q15_accuracy_percent=_percent(fixed_answer == split.y),
        agreement_percent=_percent(fixed_answer == float_answer),
    )
    layers = tuple(
        LayerReport(
            name=layer.name,
            kind=layer.kind,
            output_bits=own.output_bits,
            weight_bits=None if own.weight is None else own.weight.bits,
            offset_bits=None if own.offset is None else own.offset.bits,
            sum_bits=1 + math.ceil(math.log2(largest[position] + 1)),
            saturated_percent=100.0 * saturated[position] / outputs[position],
        )
        for position, (layer, own) in enumerate(zip(fixed.network.layers, fixed.layers, strict=True))
    )
    return report, layers


def report_lines(report: ExportReport) -> list[str]:
    """The report in words."""
    lines = [f"{report.network} on {report.data}: {report.weight_bytes:,} bytes of 16-bit weights"]
    for name, split in (("validation", report.validation), ("test", report.test)):
        if split is not None:
            lines.append(
                f"{name} ({split.samples:,} samples): float {split.float_accuracy_percent:.2f} %, "
                f"int16 {split.q15_accuracy_percent:.2f} %, same answer in {split.agreement_percent:.2f} %"
            )
    cut = max(report.layers, key=lambda layer: layer.saturated_percent)
    widest = max(report.layers, key=lambda layer: layer.sum_bits)
    lines.append(f"largest sums: {widest.sum_bits} bits ({widest.name})")
    if report.wide_layers:
        names = ", ".join(layer.name for layer in report.wide_layers)
        lines.append(
            f"sums wider than a {ACCUMULATOR_BITS}-bit accumulator: {names}; shift products before adding them"
        )
    if cut.saturated_percent:
        lines.append(f"most outputs cut off at the range: {cut.saturated_percent:.3g} % ({cut.name})")
    return lines


def _percent(right: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return 100.0 * float(np.mean(right))
