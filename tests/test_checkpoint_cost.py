"""What keeping state in non-volatile memory costs, and whether it fits."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simint.engine.policy import JustInTime, RecoveryPolicy, Tile, Timer
from simint.errors import InfeasibleError
from simint.hardware.presets import load_platform
from simint.network.catalogue import load_network
from simint.network.nvm import nvm_demand
from simint.replay.case import prepare_case
from simint.scenario import Parts, PolicyChoice, Scenario, TraceChoice, load_parts
from simint.tiling.checkpoint_cost import REGISTER_BYTES, image_bytes, image_costs, record_costs
from simint.tiling.choose import choose_designs
from simint.tiling.design import ExecutionDesign
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.unit_costs import unit_costs

PLATFORMS = ("msp430fr5994", "msp430fr5994-inas2021", "msp430fr5994-tinas2024")


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_record_as_long_as_the_index_costs_what_the_index_does(name: str) -> None:
    platform = load_platform(name)
    costs = unit_costs(platform)
    read, write = record_costs(costs, platform.index_words, platform.mode.value == "published")
    assert (read.energy_j, read.time_s) == pytest.approx((costs.energy.index_read, costs.time.index_read))
    assert (write.energy_j, write.time_s) == pytest.approx((costs.energy.index_write, costs.time.index_write))


@given(st.integers(0, 60_000), st.integers(0, 60_000))
def test_an_image_costs_one_block_and_every_byte_of_it(one: int, other: int) -> None:
    """Two images instead of one of both together cost a block overhead and the registers once more."""
    costs = unit_costs(load_platform("msp430fr5994"))
    one, other = 2 * one, 2 * other
    (save, load), (save2, load2), (both, both2) = (image_costs(costs, n, False) for n in (one, other, one + other))
    empty, empty2 = image_costs(costs, 0, False)
    for parts, whole, nothing in (((save, save2), both, empty), ((load, load2), both2, empty2)):
        assert sum(part.energy_j for part in parts) == pytest.approx(whole.energy_j + nothing.energy_j)
        assert sum(part.time_s for part in parts) == pytest.approx(whole.time_s + nothing.time_s)


def test_a_schedule_knows_the_memory_and_the_checkpoint_of_every_layer() -> None:
    network, platform = load_network("tinas-har-l25"), load_platform("msp430fr5994")
    designs = choose_designs(network, platform, "energy", 5e-3)
    work = build_schedule(network, designs, platform)
    costs = unit_costs(platform)
    for layer in work.layers:
        assert 0 < layer.vm_bytes <= platform.memory.vm_bytes
        assert (layer.save, layer.load) == image_costs(costs, layer.vm_bytes, False)
    assert work.vm_bytes == max(layer.vm_bytes for layer in work.layers)
    assert work.footprint_write.energy_j < work.index_write.energy_j


# --- does it fit


def parts_with_nvm(nvm_bytes: int) -> tuple[Scenario, Parts]:
    scenario = Scenario(trace=TraceChoice(name="constant-1mw"), network="plain:har:3x8")
    parts = load_parts(scenario)
    memory = msgspec.structs.replace(parts.platform.memory, nvm_bytes=nvm_bytes)
    platform = msgspec.structs.replace(parts.platform, memory=memory)
    return scenario, Parts(parts.recorded, parts.trace, parts.supply, platform, parts.network)


def prepared(nvm_bytes: int, choice: PolicyChoice) -> RecoveryPolicy:
    scenario, parts = parts_with_nvm(nvm_bytes)
    designs = tuple(ExecutionDesign(tr=1, tc=1, tm=1) for _ in parts.network.layers)
    return prepare_case(msgspec.structs.replace(scenario, policy=choice), parts, designs).policy


@pytest.mark.parametrize("choice", [PolicyChoice(name="jit"), PolicyChoice(name="timer")], ids=lambda c: c.name)
def test_two_checkpoints_must_fit_beside_the_network(choice: PolicyChoice) -> None:
    _, parts = parts_with_nvm(10**6)
    network, platform = parts.network, parts.platform
    designs = tuple(ExecutionDesign(tr=1, tc=1, tm=1) for _ in network.layers)
    image = image_bytes(build_schedule(network, designs, platform).vm_bytes)
    assert image > REGISTER_BYTES
    room = nvm_demand(network, platform.memory.element_bytes).total_bytes + 2 * image
    assert isinstance(prepared(room, choice), (JustInTime, Timer))
    message = f"policy '{choice.name}': two copies of the largest checkpoint need {2 * image} bytes of non-volatile"
    with pytest.raises(InfeasibleError, match=message):
        prepared(room - 1, choice)
    assert isinstance(prepared(room - 1, PolicyChoice()), Tile)


def test_partial_sums_from_job_to_job_need_a_second_copy() -> None:
    """With input channels one by one every job continues a sum; then each output needs a second copy in NVM."""
    _, parts = parts_with_nvm(10**6)
    room = nvm_demand(parts.network, parts.platform.memory.element_bytes).total_bytes
    assert isinstance(prepared(room, PolicyChoice()), Tile)
    with pytest.raises(InfeasibleError, match=r"policy 'footprint': layer .* has no room for a second copy"):
        prepared(room, PolicyChoice(name="footprint"))
    assert prepared(10**6, PolicyChoice(name="footprint")).counts_jobs
