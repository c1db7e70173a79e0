"""PLLs: settings within the data sheets' ranges, and as others' tools have them; DFU's suffix."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sterna.boards import BOARDS
from sterna.boards.design import elaborate
from sterna.boards.dfu import SUFFIX_BYTES, with_suffix
from sterna.boards.ecp5 import LOOP_FILTER, audit
from sterna.boards.icebreaker import PLL
from sterna.boards.plls import (
    ECP5_PLL,
    NAMES,
    ULTRAPLUS_PLL,
    Ecp5Pll,
    PllLimits,
    UltraPlusPll,
)
from sterna.spec import ConfigError, ToolError

ICEPLL = Path(sys.executable).with_name("yowasp-icepll")


@pytest.mark.parametrize(
    "setting", [PLL, UltraPlusPll(input=48_000_000, output=60_000_000, divr=0, divf=19, divq=4)]
)
def test_settings_are_those_of_icepll(setting: UltraPlusPll) -> None:
    said = subprocess.run(
        [ICEPLL, "-i", f"{setting.input / 1e6:g}", "-o", f"{setting.output / 1e6:g}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seen = {
        name: int(value) for name, value in re.findall(r"(DIV[RFQ]|FILTER_RANGE): +(\d+)", said)
    }
    assert seen == {
        "DIVR": setting.divr,
        "DIVF": setting.divf,
        "DIVQ": setting.divq,
        "FILTER_RANGE": setting.filter_range,
    }


@pytest.mark.control
@pytest.mark.parametrize(
    ("hz", "divide", "multiply", "text"),
    [
        (90_000_000, 5, 18, "phase detector would be at 5 MHz, the limit is 10 to 400 MHz"),
        (6_000_000 // 2, 25, 3, "phase detector would be at 1 MHz"),
        (500_000_000, 1, 20, "output would be at 500 MHz, the limit is 3.125 to 400 MHz"),
        (100_000_000, 1, 5, "25000000 Hz times 5 / 1 is not 100000000 Hz"),
    ],
)
def test_ecp5_setting_out_of_range_is_named(hz: int, divide: int, multiply: int, text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)):
        Ecp5Pll(input=25_000_000, output=hz, divide=divide, multiply=multiply)


@pytest.mark.control
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"divr": 1, "divf": 127}, "phase detector would be at 6 MHz, the limit is 10 to 133 MHz"),
        ({"divf": 31, "divq": 4}, "oscillator would be at 384 MHz, the limit is 533 to 1066 MHz"),
        ({"divf": 127, "divq": 6}, "oscillator would be at 1536 MHz"),
        ({"divq": 4}, "is not 24000000 Hz"),
    ],
)
def test_ultraplus_setting_out_of_range_is_named(changes: dict[str, int], text: str) -> None:
    facts = {"input": 12_000_000, "output": 24_000_000, "divr": 0, "divf": 63, "divq": 5}
    with pytest.raises(ConfigError, match=text):
        UltraPlusPll(**facts | changes)


@pytest.mark.parametrize("limits", [ECP5_PLL, ULTRAPLUS_PLL], ids=["ECP5", "UltraPlus"])
def test_ends_of_each_range_are_taken_and_what_is_past_them_refused(limits: PllLimits) -> None:
    inside = {"input": 100e6, "divide": 1, "vco": 600e6, "output": 100e6}
    for name in ("detector", "vco", "output"):
        for hz, past in zip(getattr(limits, name), (0.99, 1.01), strict=True):
            key = "input" if name == "detector" else name
            limits.check(**inside | {key: hz})
            # what is past the detector's range may be past the input's, which is looked at first
            with pytest.raises(ConfigError, match=f"{NAMES[name]}|input"):
                limits.check(**inside | {key: hz * past})


@pytest.mark.parametrize("name", ["ulx3s-85f", "orangecrab-25f"])
def test_ecp5_designs_ask_for_the_loop_filter(name: str) -> None:
    source, _ = elaborate(replace(BOARDS[name], preset="tiny", changes={}), 0)
    (cell,) = re.findall(r"((?:\n *attribute [^\n]*)*)\n *cell \\EHXPLLL", source)
    for word, value in LOOP_FILTER.items():
        assert f'attribute \\{word} "{value}"' in cell


def test_pins_of_the_ulx3s_are_as_its_own_constraints_have_them() -> None:
    """L2 holds the ESP32, L4 and M1 are the UART's: all three pulled up."""
    _, constraints = elaborate(replace(BOARDS["ulx3s-85f"], preset="tiny"), 0)
    sites = dict(re.findall(r'LOCATE COMP "(\w+?)" SITE "(\w+)"', constraints))
    pulled = re.findall(r'IOBUF PORT "(\w+?)".*PULLMODE=UP', constraints)
    assert {sites[name] for name in pulled} == {"L2", "L4", "M1"}
    assert sites[BOARDS["ulx3s-85f"].pins["high"]] == "L2"


UNPACKED = """word: ICP_CURRENT 01100
word: LPF_RESISTOR 0001000
word: MFG_ENABLE_FILTEROPAMP 1
word: MFG_GMCREF_SEL 10
"""  # of ecpunpack, of a bitstream with these words


@pytest.mark.control
def test_bitstream_without_the_loop_filter_is_refused() -> None:
    audit(UNPACKED)
    with pytest.raises(ToolError, match="has ICP_CURRENT 00000, and should have 1100"):
        audit(UNPACKED.replace("01100", "00000"))
    with pytest.raises(ToolError, match="has MFG_GMCREF_SEL not set"):
        audit(UNPACKED.replace("MFG_GMCREF_SEL", "OTHER"))


def test_dfu_suffix_is_that_of_dfu_util() -> None:
    """`dfu-suffix -p 0x5af0 -v 0x1209 -a` (dfu-util 0.11) made this of the digits 1 to 9."""
    theirs = bytes.fromhex("fffff05a0912000155464410220d2e0b")
    assert with_suffix(b"123456789", (0x1209, 0x5AF0)) == b"123456789" + theirs
    assert len(theirs) == SUFFIX_BYTES
