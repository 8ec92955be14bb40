"""Recalibration: running statistics become those of the given windows, and nothing else changes."""

from __future__ import annotations

import pytest

from simint.errors import InputError
from simint.network.catalogue import load_network

torch = pytest.importorskip("torch")

from nas.modules.batch_norm import recalibrate  # noqa: E402
from nas.modules.network_module import NetworkModule, build_module  # noqa: E402

torch.set_num_threads(1)


def module_and_windows(windows: int = 96) -> tuple[NetworkModule, torch.Tensor]:
    network = load_network("mbconv:har:w=0.5:r=64:1.3.1.n-3.3.2.y-1.3.1.n")
    generator = torch.Generator().manual_seed(0)
    return build_module(network, generator), torch.randn(windows, 9, 64, 1, generator=generator) * 3 + 1


def test_one_batch_gives_its_own_statistics() -> None:
    module, x = module_and_windows()
    with torch.no_grad():
        stem = dict(module.maps(x))[0]
    recalibrate(module, x, batch=96)
    torch.testing.assert_close(module.operators[1].running_mean, stem.mean((0, 2, 3)))
    torch.testing.assert_close(module.operators[1].running_var, stem.var((0, 2, 3)), rtol=1e-4, atol=1e-6)


def test_evaluation_then_agrees_with_batch_statistics() -> None:
    module, x = module_and_windows()
    recalibrate(module, x, batch=96)
    with torch.no_grad():
        alone = module.eval()(x)
        module.train()
        together = module(x)
    torch.testing.assert_close(alone, together, rtol=0.02, atol=0.002 * together.abs().max().item())


def test_batches_are_averaged_whatever_was_there_before() -> None:
    module, x = module_and_windows()
    other, _ = module_and_windows()
    for part in other.operators:
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.fill_(1e3)
            part.running_var.fill_(1e6)
    recalibrate(module, x, batch=40)  # three batches of 32
    recalibrate(other, x, batch=40)
    for left, right in zip(module.operators, other.operators, strict=True):
        if isinstance(left, torch.nn.BatchNorm2d):
            assert torch.equal(left.running_mean, right.running_mean)
    stem = module.operators[0](x)
    torch.testing.assert_close(module.operators[1].running_mean, stem.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_only_statistics_change() -> None:
    module, x = module_and_windows()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    recalibrate(module.eval(), x)
    recalibrate(module.train(), x)
    assert [part.training for part in module.modules()] == modes
    for key, value in module.state_dict().items():
        if "running" not in key and "tracked" not in key:
            assert torch.equal(value, before[key])
    assert all(part.momentum == 0.1 for part in module.modules() if isinstance(part, torch.nn.BatchNorm2d))


def test_normalisations_off_the_path_keep_theirs() -> None:
    module, x = module_and_windows()
    spare = torch.nn.BatchNorm2d(3)
    spare.running_mean.fill_(7.0)
    both = torch.nn.ModuleDict({"path": module, "spare": spare})
    recalibrate(both, x, forward=module)
    assert torch.equal(spare.running_mean, torch.full((3,), 7.0))
    assert module.operators[1].running_mean.any()


def test_too_few_windows_are_refused() -> None:
    module, x = module_and_windows()
    with pytest.raises(InputError, match="at least 2 windows, got 1"):
        recalibrate(module, x[:1])
