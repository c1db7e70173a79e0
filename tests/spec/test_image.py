import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sterna.spec import OUTPUT, ConfigError, Hardware, NeuronType, build_image, preset
from sterna.spec.layout import Space, TargetKind, pack, target_fields, type_fields, unpack
from tests.networks import chain, int32

TINY = preset("tiny")


#: As `tiny`, with nothing dropped.
WHOLE = Hardware(
    **TINY.as_dict()
    | {
        "axon_types": 4,
        "weight_bits": 9,
        "noise_bits": 9,
        "stochastic_leak": 1,
        "stochastic_synapses": 1,
    }
)


def device(**changes: int) -> Hardware:
    return Hardware(**TINY.as_dict() | changes)


@pytest.mark.parametrize(
    ("hardware", "network", "text"),
    [
        (device(contexts=1), chain(), r"needs 2 contexts \(cores\), the device has 1"),
        (device(targets=7), chain(), "needs 8 target entries .*, the device has 7"),
        (
            device(delay_slots=2),
            chain(targets=int32((0, 0, 1, 0, 2))),
            "needs 2 ticks of delay, the device has 1",
        ),
        (
            device(potential_bits=9, threshold_bits=8),
            chain(),
            "saturates at 10 potential bits, the device at 9",
        ),
        (
            device(threshold_bits=4),
            chain(types=int32(NeuronType(alpha=16).row())),
            "alpha is 16, the device takes 0..15",
        ),
        (
            device(types=1),
            chain(types=int32(*[NeuronType().row()] * 2)),
            "needs 2 neuron types, the device has 1",
        ),
        (
            device(crossbars=1),
            chain(
                crossbars=(np.ones((32, 32), np.int8), np.ones((1, 4), np.int8)),
                core_crossbar=int32(1, 1),
                targets=int32((0, 0, 1, 0, 1)),
                input_map=int32((0, 0, 0)),
            ),
            "needs 129 crossbar words, the device has 128",
        ),
        (
            TINY,
            chain(hardware=WHOLE, types=int32(NeuronType(s0=-3).row())),
            r"s0 is -3, the device takes 1..1 \(weight_bits=0\); scale the weights down",
        ),
        (
            TINY,
            chain(hardware=WHOLE, types=int32(NeuronType(c=1).row())),
            r"c is 1, .* 0..0 \(stochastic_leak=0\); use a leak that is not drawn",
        ),
        (
            TINY,
            chain(hardware=WHOLE, types=int32(NeuronType(b0=1).row())),
            r"b0 is 1, .* \(stochastic_synapses=0\); use synapses that are not drawn",
        ),
        (
            device(noise_bits=3),
            chain(hardware=WHOLE, types=int32(NeuronType(tm=4).row())),
            r"tm is 4, .* 0..3 \(noise_bits=3\); use less noise",
        ),
        (
            TINY,
            chain(hardware=WHOLE, axon_type=int32(0, 0, 0, 3, 0, 0, 0, 0)),
            "needs 4 axon types, the device has 1",
        ),
    ],
)
def test_network_that_does_not_fit_is_refused_with_need_and_limit(
    hardware: Hardware, network: object, text: str
) -> None:
    with pytest.raises(ConfigError, match=f"network 'chain'.*{text}"):
        build_image(network, hardware)


def test_crossbar_words_are_chunk_by_chunk_axon_by_axon() -> None:
    crossbar = np.zeros((3, 10), np.int8)  # two chunks of 8 lanes
    crossbar[1, 2], crossbar[2, 9] = 1, -1
    network = chain(
        crossbars=(crossbar,),
        core_crossbar=int32(0),
        neuron_type=np.zeros(10, np.int32),
        neuron_potential=np.zeros(10, np.int32),
        targets=int32((0, 0, OUTPUT, 0, 0)),
        input_map=int32((0, 0, 0)),
    )
    words = build_image(network, TINY).words[Space.CROSSBAR]
    assert words == [0, 1 << 2 * 2, 0, 0, 0, 3 << 2 * 1]


def test_targets_take_the_largest_fan_out_of_their_core() -> None:
    network = chain(targets=int32((0, 1, 1, 3, 2), (1, 0, OUTPUT, 0, 0), (0, 1, OUTPUT, 2, 0)))
    words = build_image(network, TINY).words[Space.TARGET]
    entries = [unpack(target_fields(TINY), word) for word in words]
    assert len(entries) == 4 * 2 + 4 * 1
    assert entries[2] == dict(kind=TargetKind.AXON, last=0, axon=3, context=1, delay=2)
    assert entries[3] == dict(kind=TargetKind.LINE, last=1, axon=2, context=0, delay=0)
    assert entries[8] == dict(kind=TargetKind.LINE, last=1, axon=0, context=0, delay=0)
    unused = [entry for at, entry in enumerate(entries) if at not in (2, 3, 8)]
    assert {(entry["kind"], entry["last"]) for entry in unused} == {(TargetKind.NONE, 1)}


@given(st.data())
def test_fields_pack_and_unpack(data: st.DataObject) -> None:
    for fields in (type_fields(TINY), target_fields(TINY)):
        values = {}
        for field in fields:
            half = 1 << field.width - 1
            low, high = (-half, half - 1) if field.signed else (0, 2 * half - 1)
            values[field.name] = data.draw(st.integers(low, high))
        assert unpack(fields, pack(fields, values)) == values


def test_field_that_overflows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gamma=4 does not fit 0..3"):
        pack(type_fields(TINY), dict(leak=0, epsilon=0, alpha=0, beta=0, gamma=4, kappa=0, reset=0))


@pytest.mark.control
def test_fit_that_is_not_checked_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the refusals come from the check, and from nothing else."""
    monkeypatch.setattr("sterna.spec.image.check_fit", lambda *_: None)
    small = device(contexts=1)
    assert build_image(chain(), small).used_contexts == 2
