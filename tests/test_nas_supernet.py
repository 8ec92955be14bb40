"""Supernets: what they are made of, and that a path is the network it stands for."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nas.modules.batch_norm import BATCH, recalibrate  # noqa: E402
from nas.modules.kinds import Initialisation  # noqa: E402
from nas.modules.network_module import build_module  # noqa: E402
from nas.space.genome import random_genome  # noqa: E402
from nas.space.search_space import load_space  # noqa: E402
from nas.supernet.inherit import inherited  # noqa: E402
from nas.supernet.path_space import BlockOptions, Path, PathSpace, path_of, path_space  # noqa: E402
from nas.supernet.path_weights import logits, norms, recalibrated, with_own_statistics  # noqa: E402
from nas.supernet.sampling import uniform_path  # noqa: E402
from nas.supernet.settings import Sharing  # noqa: E402
from nas.supernet.supernet import Supernet, build_supernet  # noqa: E402
from simint.errors import InputError  # noqa: E402
from simint.network.mbconv import MbconvBlock, mbconv_network  # noqa: E402

torch.set_num_threads(1)


def supernet(space: PathSpace, sharing: Sharing, seed: int = 0) -> Supernet:
    """With weights of a size that lets differences show, and statistics that are not those of a fresh one."""
    made = build_supernet(space, sharing, Initialisation.TORCH, torch.Generator().manual_seed(seed))
    draws = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        made.store.weights.add_(torch.empty_like(made.store.weights).normal_(0, 0.2, generator=draws))
        made.store.statistics.uniform_(0.5, 1.5, generator=draws)
    return made


def maps(space: PathSpace, resolution: int, count: int) -> torch.Tensor:
    shape = (count, *space.tables.input_shape(resolution))
    x = torch.empty(shape).normal_(generator=torch.Generator().manual_seed(7))
    return x.contiguous(memory_format=torch.channels_last)


def har() -> PathSpace:
    return path_space(load_space("har"))


def small(name: str) -> PathSpace:
    """Every kind of choice of a family; MSWC projects shortcuts, at some widths only where its stem is 32 wide."""
    whole = path_space(load_space(name))
    options = BlockOptions((1, 3), (1, 3, 5), (1, 2, 3), (False, True))
    widths = tuple(sorted({whole.widths[0], whole.widths[-1]}))
    return PathSpace(whole.family, widths, whole.resolutions[:2], (options,) * len(whole.blocks))


def test_parameters_of_the_published_supernet() -> None:
    made = build_supernet(har().at(1.0, 128), Sharing.SINGLE_PATH, Initialisation.TINAS, torch.Generator())
    assert made.store.parameters == 730_568
    assert len(made.store.segments) == 2 + 3 * 96


def test_parameters_of_the_entangled_supernet() -> None:
    made = build_supernet(har().at(1.0, 128), Sharing.ENTANGLED, Initialisation.TINAS, torch.Generator())
    assert made.store.parameters == 22_532
    everything = build_supernet(har(), Sharing.ENTANGLED, Initialisation.TINAS, torch.Generator())
    assert everything.store.parameters == 22_532  # narrower networks and another resolution are parts of the widest


def test_published_initialisation() -> None:
    made = build_supernet(
        har().at(1.0, 128), Sharing.SINGLE_PATH, Initialisation.TINAS, torch.Generator().manual_seed(3)
    )
    weights = made.path(har().at(1.0, 128).largest)
    assert weights.stem.weight.std().item() == pytest.approx(1 / 9, rel=0.15)
    assert weights.bottlenecks[0].expand.weight.std().item() == pytest.approx(1 / 10, rel=0.15)
    assert weights.bottlenecks[2].depthwise.weight.std().item() == pytest.approx(1.0, rel=0.15)  # one channel a group
    assert weights.classifier.std().item() == pytest.approx(0.01, rel=0.25)
    assert weights.bias.count_nonzero() == 0
    for layer in norms(weights):
        assert torch.equal(layer.scale, torch.ones_like(layer.scale))
        assert torch.equal(layer.shift, torch.full_like(layer.shift, 1e-4))


@pytest.mark.parametrize("name", ["har", "digits", "mswc"])
@pytest.mark.parametrize("sharing", list(Sharing))
def test_a_path_is_the_network_of_its_weights(name: str, sharing: Sharing) -> None:
    space = small(name)
    if sharing is Sharing.SINGLE_PATH:
        space = space.at(space.widths[0], space.resolutions[0])
    made, draws = supernet(space, sharing), np.random.default_rng(1)
    for path in [space.largest, space.smallest, *(uniform_path(space, draws) for _ in range(6))]:
        network = mbconv_network(path)
        module = build_module(network, torch.Generator())
        module.load_state_dict(inherited(made.path(path), network))
        x = maps(space, path.resolution, 5)
        with torch.no_grad():
            ours, alone = logits(made.path(path), x, training=False), module.eval()(x)
        scale = alone.abs().max().item()
        assert (ours - alone).abs().max().item() < 1e-6 * max(1.0, scale), path.word


@pytest.mark.parametrize("sharing", list(Sharing))
def test_gradients_of_a_path_are_those_of_its_network(sharing: Sharing) -> None:
    space = small("digits").at(1.0, 8)
    made, path = supernet(space, sharing), uniform_path(space, np.random.default_rng(5))
    network = mbconv_network(path)
    module = build_module(network, torch.Generator())
    module.load_state_dict(inherited(made.path(path), network))
    x = maps(space, 8, 32)
    logits(made.path(path), x, training=True).square().sum().backward()
    module.train()(x).square().sum().backward()
    squares = sum(weight.grad.square().sum().item() for weight in module.parameters())
    assert made.store.gradients.square().sum().item() == pytest.approx(squares, rel=1e-4)
    used = torch.zeros_like(made.store.gradients, dtype=torch.bool)
    for segment in made.path(path).segments:
        used[made.store.segments[segment]] = True
    assert made.store.gradients[~used].count_nonzero() == 0


def test_entangled_choices_are_parts_of_the_largest() -> None:
    space = har()
    made = supernet(space, Sharing.ENTANGLED)
    largest = made.path(space.largest).bottlenecks
    path = Path("har", 0.5, 64, (MbconvBlock(3, 5, 2, True),) * 3)  # channels 4, 6, 8
    weights = made.path(path).bottlenecks
    assert len(weights) == 6
    expand, depthwise, project = (
        weights[3].expand,
        weights[3].depthwise,
        weights[3].project,
    )  # second block, second layer
    whole = largest[4]
    assert torch.equal(expand.weight, whole.expand.weight[:18, :6])
    assert torch.equal(depthwise.weight, whole.depthwise.weight[:18, :, 1:6])  # 5 taps in the middle of 7
    assert torch.equal(project.weight, whole.project.weight[:6, :18])
    assert torch.equal(project.scale, whole.project.scale[:6])


def test_recalibration_gives_the_statistics_of_the_batch() -> None:
    space = small("digits")
    made, path = supernet(space, Sharing.ENTANGLED), space.largest
    x = maps(space, path.resolution, 40)
    weights = recalibrated(made.path(path), x, batch=40)
    first = torch.nn.functional.conv2d(x, weights.stem.weight, None, weights.stem.stride, weights.stem.padding)
    assert torch.allclose(weights.stem.mean, first.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(weights.stem.var, first.var((0, 2, 3)), rtol=1e-5)
    # With its own statistics a path gives in evaluation nearly what it gives in training: the same but for n / (n - 1).
    batch = logits(with_own_statistics(made.path(path)), x, training=True)
    assert torch.allclose(logits(weights, x, training=False), batch, atol=0.05 * batch.abs().max().item())


def test_recalibration_agrees_with_that_of_modules_and_leaves_the_supernet_alone() -> None:
    space = small("har")
    made, path = supernet(space, Sharing.ENTANGLED), space.smallest
    before = made.store.statistics.clone()
    x = maps(space, path.resolution, 2 * BATCH + 100)
    weights = recalibrated(made.path(path), x, BATCH)
    network = mbconv_network(path)
    module = build_module(network, torch.Generator())
    module.load_state_dict(inherited(made.path(path), network))
    recalibrate(module, x)
    state = inherited(weights, network)
    for name, value in module.state_dict().items():
        if "running" in name:
            assert torch.allclose(value, state[name], rtol=1e-4, atol=1e-5), name
    assert torch.equal(made.store.statistics, before)


def test_paths_of_genomes() -> None:
    space = load_space("har")
    paths, draws = path_space(space), np.random.default_rng(2)
    assert paths.largest.word == "mbconv:har:w=1.0:r=128:6.7.3.y-6.7.3.y-6.7.3.y"
    for _ in range(20):
        genome = random_genome(space, draws)
        path = path_of(space, genome)
        paths.check(path)
        assert mbconv_network(path).layers == space.network(genome).layers


def test_bad_input() -> None:
    space = har()
    with pytest.raises(InputError, match="one width and one resolution"):
        build_supernet(space, Sharing.SINGLE_PATH, Initialisation.TINAS, torch.Generator())
    with pytest.raises(InputError, match=r"no paths of width 0\.2"):
        space.at(0.2, 128)
    with pytest.raises(InputError, match="not a path of this supernet"):
        space.check(Path("har", 1.0, 128, (MbconvBlock(2, 3, 1, False),) * 3))
    with pytest.raises(InputError, match="has no supernet"):
        path_space(load_space("inas-har"))
