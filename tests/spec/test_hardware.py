import pytest

from sterna.spec import PRESETS, ConfigError, Hardware, preset, preset_name
from sterna.spec.boards import BOARDS
from sterna.spec.budget import UP5K_BLOCKS, UP5K_SPRAM_BITS, blocks, budget
from sterna.spec.presets import is_deep


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"lanes": 12}, "lanes must be a power of two, 8..64, not 12"),
        ({"axons": 512}, "axons must be 32..256, not 512"),
        ({"contexts": 0}, "contexts must be 1..64, not 0"),
        ({"types": True}, "types must be an integer, not True"),
        ({"threshold_bits": 16}, "threshold_bits must be 4..15, not 16"),
        ({"neurons": 32, "lanes": 64}, r"lanes must be at most neurons \(32\), not 64"),
        ({"crossbars": 64, "lanes": 8}, "would take 524288 words"),
    ],
)
def test_parameter_out_of_range_is_refused_by_name(change: dict, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        Hardware(**preset("up5k").as_dict() | change)


def test_presets_have_names_and_round_trip() -> None:
    for name, hardware in PRESETS.items():
        assert Hardware.from_dict(hardware.as_dict()) == hardware
        assert preset_name(hardware) == name
    with pytest.raises(ConfigError, match="no hardware preset 'huge'; there are: up5k"):
        preset("huge")
    with pytest.raises(ConfigError, match="must be exactly"):
        Hardware.from_dict({"contexts": 1})


def test_bound_is_that_of_the_architecture() -> None:
    hardware = preset("core256")
    assert hardware.bound([[64]], [256]) == 8 * 64 + 32
    assert hardware.bound([[0]], [256]) == 7 * 32 + 32
    assert hardware.bound([[64], [10]], [256, 33]) == 8 * 64 + 32 + 32 + 1
    assert hardware.bound([[5], [200]], [3, 250]) == 5 + 8 * 200 + 26
    assert hardware.bound([], []) == 0


def test_bound_of_a_deep_build_lets_one_chunk_wait():
    """Two chunks without an active axon, and one with a hundred."""
    hardware = preset("up5k")
    assert hardware.lanes == 32
    assert hardware.bound([[0], [100]], [64, 32]) == 32 + 100 + 32
    assert hardware.bound([[0], [100]], [64, 32], deep=True) == 100 + 32
    assert hardware.bound([[100], [0]], [32, 96], deep=True) == 100 + 4 * 32
    assert hardware.bound([[64]], [256], deep=True) == hardware.bound([[64]], [256])


def test_up5k_fits_its_block_rams_and_fills_its_spram() -> None:
    hardware = preset("up5k")
    assert sum(row.blocks for row in budget(hardware)) <= UP5K_BLOCKS
    assert 2 * hardware.lanes * hardware.crossbar_words == UP5K_SPRAM_BITS


@pytest.mark.control
def test_memory_that_is_too_large_is_noticed() -> None:
    """Negative control: sixteen delay slots do not fit."""
    wide = Hardware(**preset("up5k").as_dict() | {"delay_slots": 16})
    assert sum(row.blocks for row in budget(wide)) > UP5K_BLOCKS


def test_blocks_uses_the_cheapest_mode() -> None:
    assert blocks(256, 16) == 1
    assert blocks(2048, 2) == 1
    assert blocks(257, 16) == 2
    assert blocks(2048, 8) == 4


def test_bound_of_stochastic_synapses_has_a_threshold_a_lane_before_each_pass():
    hardware = Hardware(**preset("truenorth").as_dict() | {"lanes": 16})
    # one chunk: 16 thresholds and 100 axons of each of two types, then 16 sums
    assert hardware.bound([[100, 0, 40, 0]], [16]) == 16 + 100 + 16 + 40 + 16
    plain = Hardware(**hardware.as_dict() | {"stochastic_synapses": 0})
    assert plain.bound([[100, 0, 40, 0]], [16]) == 100 + 40 + 16


def test_presets_for_ecp5s_are_deep_builds_and_no_others():
    deep = {name for name, hardware in PRESETS.items() if is_deep(hardware)}
    assert deep == {name for name in PRESETS if name.startswith("ecp5-")} != set()
    assert {board.preset for board in BOARDS.values() if "LFE5U" in board.part} == deep
