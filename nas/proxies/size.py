"""How large a network is: what every other proxy has to beat."""

from __future__ import annotations

from nas.modules.network_module import NetworkModule
from nas.proxies.proxy import Batch


def parameters(module: NetworkModule, batch: Batch) -> float:
    """Number of trainable weights."""
    return float(sum(weight.numel() for weight in module.parameters()))


def macs(module: NetworkModule, batch: Batch) -> float:
    """Multiply-accumulates of one inference."""
    return float(module.network.macs)


def flops(module: NetworkModule, batch: Batch) -> float:
    """Floating-point operations of one inference, as `Layer.flops` counts them."""
    return float(module.network.flops)
