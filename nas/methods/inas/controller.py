"""The controller of iNAS: an LSTM that decides gene after gene (specification F.2).

One step a decision. Its input is the embedding of the decision before, its output a softmax over the options; the most
probable option is taken, or one is drawn. Entry 0 of an embedding stands for "none yet".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nas.methods.inas.settings import InasSettings, Quirks
from nas.space.genome import Gene, Genome

SPREAD = 1.0  # embeddings start uniform within it
# RMSProp of the artefact (`RMSPropOptimizer` of TensorFlow 1 with its defaults). Mean squares start at 1, not at 0:
# the first steps are as small as the gradients. From 0 the very first moves every weight by a multiple of the rate.
_RMS_DECAY, _RMS_EPSILON, _RMS_START = 0.9, 1e-10, 1.0


@dataclass(frozen=True, slots=True)
class Weights:
    """All that is learnt: `embeddings` one (options + 1, width) a kind of decision, `outputs` a layer for each step."""

    embeddings: dict[str, Tensor]
    cell: tuple[Tensor, Tensor, Tensor, Tensor]
    outputs: list[tuple[Tensor, Tensor]]

    @property
    def tensors(self) -> list[Tensor]:
        """All of them."""
        return [*self.embeddings.values(), *self.cell, *(tensor for pair in self.outputs for tensor in pair)]


def new_weights(
    genes: Sequence[Gene], settings: InasSettings, generator: torch.Generator, *, zero: bool = False
) -> Weights:
    """Weights as they start: embeddings uniform in [-1, 1], the rest uniform by the size of the hidden state."""
    hidden, width = settings.hidden, settings.embedding
    bound = hidden**-0.5

    def uniform(*shape: int, spread: float) -> Tensor:
        values = torch.zeros(shape)
        if not zero:
            values.uniform_(-spread, spread, generator=generator)
        return values.requires_grad_()

    embeddings: dict[str, Tensor] = {}
    for gene in genes:
        if gene.name not in embeddings:
            most = max(len(other.options) for other in genes if other.name == gene.name)
            embeddings[gene.name] = uniform(most + 1, width, spread=SPREAD)
    cell = (
        uniform(4 * hidden, width, spread=bound),
        uniform(4 * hidden, hidden, spread=bound),
        uniform(4 * hidden, spread=bound),
        uniform(4 * hidden, spread=bound),
    )
    outputs = [
        (uniform(len(gene.options), hidden, spread=bound), uniform(len(gene.options), spread=bound)) for gene in genes
    ]
    return Weights(embeddings, cell, outputs)


def decide(
    weights: Weights, genes: Sequence[Gene], first: int, source: torch.Generator | None = None
) -> tuple[Genome, list[Tensor]]:
    """The genome and the logits of every step; `first` is the entry that enters the first step.

    Every step takes its most probable option, or draws one by the probabilities where there is a `source`.
    """
    hidden = weights.cell[1].shape[1]
    state = (torch.zeros(1, hidden), torch.zeros(1, hidden))
    entry, name = first, genes[0].name
    genome: list[int] = []
    logits: list[Tensor] = []
    for gene, (matrix, offset) in zip(genes, weights.outputs, strict=True):
        word = weights.embeddings[name][entry].unsqueeze(0)
        state = torch.lstm_cell(word, state, *weights.cell)
        logits.append(functional.linear(state[0], matrix, offset).squeeze(0))
        genome.append(_option(logits[-1].detach(), source))
        entry, name = genome[-1] + 1, gene.name
    return tuple(genome), logits


def _option(logits: Tensor, source: torch.Generator | None) -> int:
    if source is None:
        return int(logits.argmax())
    return int(torch.multinomial(torch.softmax(logits, 0), 1, generator=source))


class Learner:
    """Weights with their optimiser: REINFORCE with one sample a step."""

    def __init__(self, weights: Weights, settings: InasSettings, quirks: Quirks) -> None:
        self.weights = weights
        self._settings = settings
        self._quirks = quirks
        self._optimiser = torch.optim.RMSprop(
            weights.tensors, lr=settings.learning_rate, alpha=_RMS_DECAY, eps=_RMS_EPSILON
        )
        for tensor in weights.tensors:
            mean_square = torch.full_like(tensor, _RMS_START, requires_grad=False)
            self._optimiser.state[tensor] = {"step": torch.zeros(()), "square_avg": mean_square}
        self._schedule = torch.optim.lr_scheduler.StepLR(self._optimiser, settings.rate_steps, settings.rate_decay)

    def learn(self, logits: Sequence[Tensor], genome: Genome, reward: float) -> None:
        """Make the decisions of a trial likelier by its reward, or less likely where that is negative."""
        losses = [
            functional.cross_entropy(step, torch.tensor(index)) * (index + 1 if self._quirks.scaled_targets else 1)
            for step, index in zip(logits, genome, strict=True)
        ]
        penalty = self._settings.regularisation * torch.stack([(t * t).sum() for t in self.weights.tensors]).sum()
        scale = reward if self._quirks.scaled_regulariser else 1.0
        loss = reward * torch.stack(losses).sum() + scale * penalty
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._schedule.step()
