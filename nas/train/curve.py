"""Learning curves as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nas.train.history import EpochRecord, best_epoch
from simint.files import replacing

_COLOURS = ("#1f4e79", "#c0392b", "#2e7d32", "#d9981e", "#555555", "#9dbbd8")


def draw_curves(path: Path, title: str, histories: Mapping[int, Sequence[EpochRecord]]) -> None:
    """Losses and accuracies over the epochs, one colour a seed: validation solid, training dotted, a dot where kept."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    loss, accuracy = figure.subplots(1, 2)
    for (seed, history), colour in zip(histories.items(), _COLOURS * len(histories), strict=False):
        epochs, best = [record.epoch for record in history], best_epoch(history)
        # A line through one point shows nothing.
        thin = {"color": colour, "linewidth": 1.0, "marker": "." if len(epochs) == 1 else ""}
        loss.plot(epochs, [record.train_loss for record in history], linestyle=":", **thin)
        loss.plot(epochs, [record.validation_loss for record in history], **thin)
        accuracy.plot(epochs, [record.train_accuracy_percent for record in history], linestyle=":", **thin)
        label = f"seed {seed}: {best.validation_accuracy_percent:.2f} %"
        accuracy.plot(epochs, [record.validation_accuracy_percent for record in history], label=label, **thin)
        accuracy.plot(best.epoch, best.validation_accuracy_percent, "o", color=colour, markersize=4)
    loss.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    accuracy.set(xlabel="epoch", ylabel="accuracy in %")
    if len(histories) <= len(_COLOURS):
        accuracy.legend(frameon=False, fontsize=8)
    for panel in (loss, accuracy):
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{title} (validation solid, training dotted)", fontsize=10)
    with replacing(path) as draft:
        figure.savefig(draft, dpi=150)
