"""The README's part on the engines, from what was measured."""

from typing import Any

from sterna.spec.tables import table

SECTION = "`python -m bench engine`"


def report(found: dict[str, Any]) -> str:
    """Tables in Markdown."""
    chip, ranc, frames, start = (found[name] for name in ("chip", "ranc", "frames", "start"))
    memory = found["memory"]
    theirs = ranc["ranc_ticks_per_s"]
    against = (
        f"{ranc['ratio_measured']:,.0f} times RANC's simulator, measured in the same run"
        if theirs
        else f"{ranc['ratio_to_yardstick']:,.0f} times the {ranc['ranc_yardstick_ticks_per_s']} "
        f"ticks/s of RANC's simulator, which was not run here"
    )
    rows = (
        (
            f"4,096 cores at 20 Hz and 128 synapses, {chip['threads']} threads, "
            f"{chip['memory_bytes'] / 1e6:,.0f} MB; median of {chip['runs']} runs spread over the "
            f"benchmark, the best {chip['best_ticks_per_s']:,.0f}",
            f"{chip['ticks_per_s']:,.0f} ticks/s",
        ),
        (
            f"RANC's 16 cores, 64 spikes a core and tick, threads: {ranc['threads']}; " + against,
            f"{ranc['ticks_per_s']:,.0f} ticks/s",
        ),
        ("the same in the golden model", f"{ranc['golden_ticks_per_s']:,.0f} ticks/s"),
        (
            f"the one-chip network, {frames['one_chip_cores']:,} cores (a window a core), "
            "layer engine",
            f"{frames['one_chip_frames_per_s']:,.0f} frames/s",
        ),
        ("the same, event engine", f"{frames['one_chip_event_frames_per_s']:,.0f} frames/s"),
        (
            "its matrix products alone, NumPy in float32",
            f"{frames['one_chip_matrix_frames_per_s']:,.0f} frames/s",
        ),
        (
            "its popcounts alone, on packed windows",
            f"{frames['one_chip_popcount_frames_per_s']:,.0f} frames/s",
        ),
        (
            "MNIST's 10,000 test images through the shipped network",
            f"{1e3 * frames['mnist_10000_s']:,.0f} ms",
        ),
        (
            "a process from its start to the shipped network's first tick",
            f"{start['first_tick_s']:.2f} s",
        ),
        ("the same, the C++ not yet compiled", f"{start['first_tick_compiling_s']:.2f} s"),
        ("`sterna sim --link model --frames 1`, whole", f"{start['sim_link_model_s']:.2f} s"),
    )
    grid = (
        (
            point["synapses"],
            point["rate_hz"],
            f"{point['ticks_per_s']:,.0f}",
            f"{point['synaptic_operations_per_s'] / 1e9:.1f}",
            point["bound"],
            f"{100 * point['of_bound']:.0f} %",
        )
        for point in found["grid"]
    )
    grown = ", ".join(
        f"{one['cores']:,} cores {one['ticks_per_s']:,.0f}" for one in found["growth"]["cores"]
    )
    threads = ", ".join(
        f"{one['threads']}: {one['ticks_per_s']:,.0f}" for one in found["growth"]["threads"]
    )
    return (
        f"{table(('engines', 'speed'), rows)}\n"
        "A chip of 4,096 cores by mean rate and active synapses of an axon; GSOPS are 10^9 "
        "synaptic operations a second; the last column is the share of the bound that is "
        "reached (above 100 %: the caches held more than in the loops that make the bound):\n\n"
        + table(("synapses", "Hz", "ticks/s", "GSOPS", "bound by", "reached"), grid)
        + f"\nTicks/s at 20 Hz and 128 synapses: {grown}; 4,096 cores by threads, {threads}. "
        f"Memory gives {memory['read_bytes_per_s'] / 1e9:.1f} GB/s in order, "
        f"{memory['state_bytes_per_s'] / 1e9:.1f} GB/s of as much as the chip's state, "
        f"{memory['random_lines_per_s'] / 1e6:,.0f} million lines of 64 bytes at random places, "
        f"and takes {memory['random_stores_per_s'] / 1e6:,.0f} million stores. Measured on "
        f"{found['machine']}, medians of 5 runs.\n"
    )
