"""Training-free proxies: what must not change them, and what they must equal."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nas.modules.network_module import NetworkModule, build_module  # noqa: E402
from nas.modules.operators import Convolution, FullyConnected  # noqa: E402
from nas.proxies.catalogue import PROXIES, proxy  # noqa: E402
from nas.proxies.proxy import Batch, proxy_score  # noqa: E402
from simint.errors import InputError  # noqa: E402
from simint.network.families import network_from_word  # noqa: E402

torch.set_num_threads(1)

MBCONV = "mbconv:har:w=0.5:r=64:3.5.2.y-4.3.2.n-1.7.1.n"
NO_SHORTCUT = "mbconv:har:w=0.5:r=64:3.5.2.n-4.3.2.n-1.7.1.n"
PLAIN = "plain:har:3x8-5x4-1x16"


def module(word: str, seed: int = 0) -> NetworkModule:
    return build_module(network_from_word(word), torch.Generator().manual_seed(seed))


def batch(word: str, seed: int = 1, size: int = 16) -> Batch:
    draws = torch.Generator().manual_seed(seed)
    shape = network_from_word(word).input_shape
    return Batch(torch.empty(size, *shape).normal_(generator=draws), torch.arange(size) % 6)


def scaled(net: NetworkModule, factor: float) -> NetworkModule:
    """The same network with its outputs multiplied."""
    with torch.no_grad():
        net.operators[-1].weight.mul_(factor)
        if net.operators[-1].bias is not None:
            net.operators[-1].bias.mul_(factor)
    return net


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_every_proxy_gives_the_same_number_again(name: str) -> None:
    network, data = network_from_word(MBCONV), batch(MBCONV)
    first = proxy_score(proxy(name), network, data)
    assert math.isfinite(first)
    assert proxy_score(proxy(name), network, data) == first


@pytest.mark.parametrize("name", ["gradient-norm", "naswot", "jacobian-covariance"])
def test_the_order_of_samples_does_not_matter(name: str) -> None:
    data = batch(MBCONV)
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(data.y)))
    shuffled = Batch(data.x[order], data.y[order])
    value = PROXIES[name].value
    assert value(module(MBCONV), shuffled) == pytest.approx(value(module(MBCONV), data), rel=1e-3)


@pytest.mark.parametrize("name", ["synflow", "zen"])
def test_proxies_that_read_no_data(name: str) -> None:
    value = PROXIES[name].value
    assert value(module(MBCONV), batch(MBCONV, seed=1)) == value(module(MBCONV), batch(MBCONV, seed=2))


def test_naswot_knows_nothing_of_the_scale_of_outputs() -> None:
    value, data = PROXIES["naswot"].value, batch(MBCONV)
    assert value(scaled(module(MBCONV), 7.0), data) == value(module(MBCONV), data)


def test_naswot_of_samples_it_cannot_tell_apart() -> None:
    data = batch(MBCONV)
    twins = Batch(torch.cat([data.x[:1], data.x[:1], data.x[2:]]), data.y)
    assert PROXIES["naswot"].value(module(MBCONV), twins) < PROXIES["naswot"].value(module(MBCONV), data) - 10


def test_naswot_kernel_by_hand() -> None:
    """One layer of ReLUs: the kernel is the number of equal signs."""
    word = "plain:har:1x4"
    net, data = module(word), batch(word, size=5)
    signs = (torch.nn.functional.conv2d(data.x, net.operators[0].weight) > 0).flatten(1)
    kernel = (signs[:, None] == signs[None, :]).sum(2).double()
    assert PROXIES["naswot"].value(net, data) == pytest.approx(torch.logdet(kernel).item(), rel=1e-9)


@pytest.mark.parametrize("word", [PLAIN, NO_SHORTCUT])
def test_synflow_is_conserved_from_layer_to_layer(word: str) -> None:
    """Without shortcuts every layer's weights carry the whole output (Tanaka et al., theorem 2)."""
    net = module(word)
    weighted = [part for part in net.operators if isinstance(part, (Convolution, FullyConnected))]
    x = torch.ones(1, *net.network.input_shape, dtype=torch.float64)
    total = x
    for part in net.operators:
        if isinstance(part, torch.nn.BatchNorm2d):
            continue
        if isinstance(part, (Convolution, FullyConnected)):
            part.double().weight.data.abs_()
        total = part(total)
    expected = len(weighted) * total.sum().item()
    assert PROXIES["synflow"].value(module(word), batch(word)) == pytest.approx(expected, rel=1e-9)


def test_synflow_is_positive_and_leaves_the_module_alone() -> None:
    net = module(MBCONV)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert PROXIES["synflow"].value(net, batch(MBCONV)) > 0
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_gradient_norm_is_the_slope_along_the_gradient() -> None:
    net, data = module(PLAIN).double(), batch(PLAIN)
    data = Batch(data.x.double(), data.y)
    norm = PROXIES["gradient-norm"].value(net, data)
    loss = torch.nn.functional.cross_entropy(net(data.x), data.y)
    gradients = torch.autograd.grad(loss, list(net.parameters()))
    step = 1e-6
    with torch.no_grad():
        for weight, gradient in zip(net.parameters(), gradients, strict=True):
            weight += step * gradient / norm
        moved = torch.nn.functional.cross_entropy(net(data.x), data.y)
    assert (moved - loss).item() / step == pytest.approx(norm, rel=1e-4)


def test_size_proxies_count() -> None:
    net, data = module("mbconv:har:w=1.0:r=64:1.1.1.n-1.1.1.n-1.1.1.n"), batch(MBCONV)
    assert PROXIES["macs"].value(net, data) == net.network.macs
    assert PROXIES["flops"].value(net, data) == net.network.flops
    assert PROXIES["parameters"].value(net, data) == sum(value.numel() for value in net.parameters())


def test_zen_knows_nothing_of_the_scale_of_weights() -> None:
    """What a batch norm takes away the score adds again, but the weights have unit variance to begin with."""
    net = module(MBCONV)
    with torch.no_grad():
        for part in net.operators:
            if isinstance(part, Convolution):
                part.weight.mul_(5.0)
    expected = PROXIES["zen"].value(module(MBCONV), batch(MBCONV))
    assert PROXIES["zen"].value(net, batch(MBCONV)) == pytest.approx(expected, abs=1e-3)


def test_unknown_proxy() -> None:
    with pytest.raises(InputError, match=r"unknown proxy 'magic'; known: .*naswot"):
        proxy("magic")
