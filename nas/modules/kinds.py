"""Choices about a module that are data and need no torch: where its ReLUs are, how its weights are drawn."""

from __future__ import annotations

import enum


class Activations(enum.StrEnum):
    """Where ReLUs act.

    `listed`: where the list has a RELU layer and nowhere else (the MBConv lists of TiNAS).
    `hidden`: besides, on the output of every convolution and fully connected layer but the last of them, behind a batch
    normalisation if one reads that output (the plain lists of iNAS hold no activations, the networks have them).
    """

    LISTED = "listed"
    HIDDEN = "hidden"


class Initialisation(enum.StrEnum):
    """How weights are drawn; biases are 0 except with `torch`, batch norm scales 1 and, except with `tinas`, shifts 0.

    `tinas`: convolutions N(0, 1 / input channels of a group) and fully connected layers N(0, 0.01), both as standard
    deviations, batch norm shifts 1e-4 (artefact github.com/EMCLab-Sinica/TiNAS).
    `glorot`: uniform within sqrt(6 / (fan in + fan out)) (Glorot and Bengio, AISTATS 2010; iNAS trains with it).
    `torch`: weights and biases uniform within 1 / sqrt(fan in), the default of PyTorch.
    """

    TINAS = "tinas"
    GLOROT = "glorot"
    TORCH = "torch"
