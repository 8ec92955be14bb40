"""Masked modules: zero where masked, the gradients of a mask, and an export that gives the same outputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_networks import networks

from simint.network.layer import LayerKind
from simint.network.network import Network

torch = pytest.importorskip("torch")

from nas.channels.cost import mac_cost, parameter_cost  # noqa: E402
from nas.channels.export import exported, sliced  # noqa: E402
from nas.channels.groups import FIXED, channel_groups  # noqa: E402
from nas.channels.kinds import FirstAlphas  # noqa: E402
from nas.channels.masked_module import MaskedModule, masked_layers  # noqa: E402
from nas.channels.masks import ChannelMasks  # noqa: E402
from nas.channels.torch_cost import channel_counts, cost_term  # noqa: E402
from nas.modules.kinds import Initialisation  # noqa: E402
from nas.modules.network_module import build_module  # noqa: E402
from simint.errors import InputError  # noqa: E402
from simint.network.catalogue import load_network  # noqa: E402

MBCONV = "mbconv:digits:w=1.0:r=8:4.3.1.y-4.3.1.y"


def every_count(network: Network) -> list[range]:
    return [range(1, size + 1) for size in channel_groups(network).sizes]


def masked_module(network: Network, seed: int) -> MaskedModule:
    """A module with random weights, batch norm statistics and masks."""
    generator = torch.Generator().manual_seed(seed)
    masked = MaskedModule(build_module(network, generator, initialisation=Initialisation.TORCH), every_count(network))
    with torch.no_grad():
        masked.masks.alpha.copy_(torch.rand(masked.masks.alpha.shape, generator=generator))
        for part in masked.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                for value in (part.weight, part.bias, part.running_mean):
                    value.copy_(torch.randn(value.shape, generator=generator))
                part.running_var.copy_(0.5 + torch.rand(part.running_var.shape, generator=generator))
    return masked


def inputs(network: Network, seed: int, samples: int = 4) -> torch.Tensor:
    return torch.randn(samples, *network.input_shape, generator=torch.Generator().manual_seed(seed))


@given(networks(), st.booleans(), st.integers(0, 2**31))
@settings(max_examples=150)
def test_export_gives_the_masked_outputs(network: Network, training: bool, seed: int) -> None:
    masked = masked_module(network, seed).train(training)
    small = exported(masked)
    assert small.network.layers != network.layers or all(flag == 1 for flag in masked.masks.flags())
    x = inputs(network, seed)
    if training and any(layer.kind is LayerKind.BN and layer.ofm[1:] == (1, 1) for layer in network.layers):
        x = inputs(network, seed, 16)  # statistics of few values are too steep to compare
    with torch.no_grad():
        expected, found = masked(x), small(x)
    scale = max(1.0, float(expected.abs().max()))
    assert float((expected - found).abs().max()) < 1e-5 * scale
    # After this pass the batch norm state of the surviving channels agrees, too.
    for (name, value), other in zip(
        sliced(masked.plain, masked.masks.kept()).state_dict().items(), small.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(value, other, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("word", ["mlperf:resnet8", "mlperf:dscnn", MBCONV])
def test_export_of_published_networks(word: str) -> None:
    network = load_network(word)
    masked = masked_module(network, 3).eval()
    x = inputs(network, 4)
    with torch.no_grad():
        expected = masked(x)
        assert float((expected - exported(masked)(x)).abs().max()) < 1e-5 * max(1.0, float(expected.abs().max()))


@given(networks(), st.integers(0, 2**31))
@settings(max_examples=60)
def test_masked_channels_are_zero_for_all_readers(network: Network, seed: int) -> None:
    masked = masked_module(network, seed).eval()
    groups, x = channel_groups(network), inputs(network, seed)
    flags = masked.masks.flags().split(groups.sizes) if groups.sizes else ()
    seen = {}
    hooks = [
        part.register_forward_hook(lambda _, given, __, place=place: seen.update({place: given}))
        for place, part in enumerate(masked.plain.operators)
    ]
    with torch.no_grad():
        masked(x)
    for hook in hooks:
        hook.remove()
    for position, (sources, reads) in enumerate(zip(network.producers(), groups.inputs, strict=True)):
        if reads == FIXED or (
            network.layers[position].kind is LayerKind.BN and sources[0] not in masked_layers(network)
        ):
            continue  # a normalisation masks its own output
        for operand in seen[position]:
            assert torch.all(operand[:, flags[reads] == 0] == 0)


def test_an_unmasked_module_is_the_plain_one() -> None:
    network = load_network(MBCONV)
    masked = masked_module(network, 0).eval()
    masked.first_alphas(FirstAlphas.EQUAL)
    x = inputs(network, 1)
    torch.testing.assert_close(masked(x), masked.plain(x))
    small = exported(masked)
    assert small.network.layers == network.layers
    torch.testing.assert_close(small(x), masked.plain(x))


def test_gradient_of_a_mask_is_that_of_a_factor_behind_the_normalisation() -> None:
    """Straight through: the gradient of alpha is that of theta, here by finite differences in double precision."""
    network = load_network(MBCONV)
    masked = masked_module(network, 5).double().eval()
    x = inputs(network, 6).double()
    theta = masked.masks.flags().double()
    direction = torch.randn(10, dtype=torch.float64, generator=torch.Generator().manual_seed(7))

    def value(factors: torch.Tensor) -> torch.Tensor:
        return (masked.masked(x, factors) @ direction).sum()

    value(masked.masks()).backward()
    step = 1e-6
    for channel in torch.nonzero(theta).flatten().tolist()[::3]:
        moved = torch.zeros_like(theta)
        moved[channel] = step
        with torch.no_grad():
            slope = (value(theta + moved) - value(theta - moved)) / (2 * step)
        assert masked.masks.alpha.grad[channel].item() == pytest.approx(slope.item(), rel=1e-4, abs=1e-6)


def test_rank_initialisation_follows_the_scales() -> None:
    network = load_network(MBCONV)
    masked = masked_module(network, 8)
    masked.first_alphas(FirstAlphas.RANK)
    assert bool((masked.masks.flags() == 1).all())
    groups = channel_groups(network)
    scales = [torch.zeros(size) for size in groups.sizes]
    for part, group in zip(masked.plain.operators, groups.outputs, strict=True):
        if isinstance(part, torch.nn.BatchNorm2d) and group != FIXED:
            scales[group] += part.weight.abs()
    for alpha, scale in zip(masked.masks.alpha.split(groups.sizes), scales, strict=True):
        assert alpha.argsort().tolist() == scale.argsort().tolist()
        assert len(set(alpha.tolist())) == len(alpha)


@given(st.data())
@settings(max_examples=60)
def test_masks_keep_permitted_counts_of_the_largest_alphas(data: st.DataObject) -> None:
    network = load_network("mlperf:dscnn")
    groups = channel_groups(network)
    permitted = [sorted(data.draw(st.sets(st.integers(1, size), max_size=4)) | {size}) for size in groups.sizes]
    masks = ChannelMasks(groups, permitted)
    with torch.no_grad():
        masks.alpha.copy_(
            torch.rand(masks.alpha.shape, generator=torch.Generator().manual_seed(data.draw(st.integers(0, 999))))
        )
    for alpha, kept, allowed in zip(masks.alpha.split(groups.sizes), masks.kept(), permitted, strict=True):
        over = int((alpha > 0.5).sum())
        assert len(kept) == next(count for count in allowed if count >= over)
        dropped = [value for place, value in enumerate(alpha.tolist()) if place not in kept]
        assert min(alpha.tolist()[place] for place in kept) >= max(dropped, default=-1.0)
    wanted = tuple(
        tuple(sorted(range(size))[-allowed[0] :]) for size, allowed in zip(groups.sizes, permitted, strict=True)
    )
    masks.keep(wanted)
    assert masks.kept() == wanted


def test_one_channel_always_stays() -> None:
    groups = channel_groups(load_network("mlperf:dscnn"))
    masks = ChannelMasks(groups, [range(1, size + 1) for size in groups.sizes])
    with torch.no_grad():
        masks.alpha.fill_(0.0)
    assert [len(kept) for kept in masks.kept()] == [1] * 5
    with pytest.raises(InputError, match="ascending counts"):
        ChannelMasks(groups, [(1, 2)] * 5)


def test_costs_in_a_loss_have_their_gradient() -> None:
    network = load_network("mlperf:resnet8")
    groups = channel_groups(network)
    masks = ChannelMasks(groups, [range(1, size + 1) for size in groups.sizes])
    with torch.no_grad():
        masks.alpha.copy_(torch.linspace(0.2, 1.0, len(masks.alpha)))
    for cost in (parameter_cost(network, groups), mac_cost(network, groups)):
        masks.alpha.grad = None
        counts = channel_counts(masks(), groups)
        assert counts.tolist() == [len(kept) for kept in masks.kept()]
        cost_term(counts, cost).backward()
        value, slope = cost.priced(np.array(counts.tolist()))
        assert cost_term(counts, cost).item() == pytest.approx(value, rel=1e-6)
        for part, each in zip(masks.alpha.grad.split(groups.sizes), slope, strict=True):
            assert part.tolist() == pytest.approx([each] * len(part), rel=1e-6)
