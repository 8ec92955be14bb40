"""A picture of a few training samples of every class, as a network sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nas.data.data_set import DataSet
from nas.data.split import FloatArray
from simint.errors import InputError
from simint.files import replacing

EXAMPLES = 3
# Height of one z-scored signal in a panel: most values lie within +-3 deviations.
_SIGNAL_HEIGHT = 6.0
_BLUE, _LIGHT, _GREY = "#1f4e79", "#9dbbd8", "#555555"


def draw_examples(data: DataSet, path: Path) -> None:
    """Write a picture of three training samples of every class to `path` (.png).

    Raises InputError for another ending or a place that cannot be written; nothing is left behind.
    """
    if path.suffix != ".png":
        raise InputError(f"plot {path}: the name must end in .png")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    signals = data.input_shape[2] == 1
    wide, high = (2.3, 2.2) if signals else (1.15, 1.15 if data.input_shape[1] == data.input_shape[2] else 0.75)
    figure = Figure(figsize=(wide * data.classes + 0.3, high * EXAMPLES + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(EXAMPLES, data.classes, squeeze=False, sharex=True, sharey=True)
    for number, name in enumerate(data.class_names):
        panels[0, number].set_title(name, fontsize=8)
        rows = np.flatnonzero(data.train.y == number)
        # Spread out: neighbours in a file are often of one subject.
        for row, place in enumerate(np.linspace(0, len(rows) - 1, EXAMPLES).astype(np.int64)):
            (_draw_signals if signals else _draw_image)(panels[row, number], data.train.x[rows[place]])
    figure.suptitle(_title(data, signals), fontsize=9, x=0.01, ha="left", color=_GREY)
    with replacing(path) as draft:
        figure.savefig(draft, dpi=110, format="png")


def _title(data: DataSet, signals: bool) -> str:
    channels, height, width = data.input_shape
    if signals:
        return f"{data.name}: {channels} signals x {height} samples, normalised, each on a line of its own"
    if height != width:
        return f"{data.name}: {height} frames (across) x {width} coefficients (upwards), normalised"
    return f"{data.name}: {height} x {width} pixels"


def _draw_signals(axes: Any, sample: FloatArray) -> None:
    for channel, signal in enumerate(sample[:, :, 0]):
        axes.axhline(-channel * _SIGNAL_HEIGHT, color=_LIGHT, linewidth=0.4)
        axes.plot(signal - channel * _SIGNAL_HEIGHT, color=_BLUE, linewidth=0.7)
    axes.set_yticks([-channel * _SIGNAL_HEIGHT for channel in range(len(sample))], range(1, len(sample) + 1))
    axes.tick_params(labelsize=6)


def _draw_image(axes: Any, sample: FloatArray) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    channels, height, width = sample.shape
    if channels == 3:
        low, high = sample.min(), sample.max()
        axes.imshow(np.moveaxis((sample - low) / max(high - low, 1e-6), 0, 2))
    elif height == width:
        axes.imshow(sample[0], cmap="gray_r")
    else:
        axes.imshow(sample[0].T, origin="lower", aspect="auto", cmap="viridis", vmin=-3, vmax=3)
