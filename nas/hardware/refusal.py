"""Why a network cannot run on a target, in words."""

from __future__ import annotations

from nas.space.layer_prices import Power
from nas.space.target import Target, target_platform, target_settings
from simint.errors import InfeasibleError, InputError
from simint.network.network import Network
from simint.tiling.published.evaluate import FAILED_C0, REASONS
from simint.tiling.search.continuous import explore_continuous
from simint.tiling.search.explorer import explore_layers_published, fits_nvm, layer_features
from simint.units import format_quantity


def refusal(network: Network, target: Target, power: Power = Power.INTERMITTENT) -> str:
    """The first of: too little NVM, a layer outside the published model, one without a feasible design; or empty."""
    platform, settings = target_platform(target), target_settings(target)
    memory = platform.memory
    features = max(layer_features(layer) for layer in network.layers) * memory.element_bytes
    weights = network.weight_elements * memory.element_bytes
    if not fits_nvm(features, weights, memory):
        return f"needs {features} bytes of NVM for features and {weights} for weights, {memory.nvm_bytes} there"
    try:
        if power is Power.CONTINUOUS:
            explore_continuous(network.layers, platform)
            return ""
        designs = explore_layers_published(network.layers, platform, settings)
    except (InputError, InfeasibleError) as error:
        return str(error)
    for best in designs:
        if best.design is None:
            short = (
                f"{memory.vm_bytes} bytes of VM"
                if best.failure == REASONS[FAILED_C0]
                else (f"the {format_quantity(settings.budget_j, 'J')} of a power cycle")
            )
            return f"layer {best.layer!r}: no execution design fits into {short}"
    return ""
