"""`sterna verify --link`: a device behind a link, checked against the golden model."""

from sterna.spec import ConfigError, Hardware, MismatchError, Network
from sterna.spec.presets import preset

from .console import extra, print_json, print_table, progress_bar, step
from .links import device_facts, open_device


def verify_device(
    link: str,
    baud: int | None,
    board: str | None,
    frames: int,
    networks: int,
    seed: int,
    *,
    as_json: bool,
) -> None:
    """Check the device at a link; raises MismatchError if it does otherwise than the model."""
    from sterna.data import mnist_test

    with extra("sim"):
        from sterna.verify.loop import check_device
    with open_device(link, preset("up5k"), baud=baud, board=board) as device, progress_bar() as bar:
        tasks = {}

        def progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, note="")
            bar.update(tasks[name], completed=done, total=total)

        report = check_device(
            device,
            shipped=shipped_fitting(device.info.hardware),
            frames=mnist_test().frames()[:frames],
            networks=networks,
            seed=seed,
            progress=progress,
        )
        facts = device_facts(device)
    if as_json:
        print_json({**facts, **report.as_dict()})
    else:
        print_table(f"device at {link} against the golden model", report.rows())
    if report.mismatches:
        raise MismatchError(f"{report.mismatches[0]} ({len(report.mismatches)} mismatches named)")
    step("verify", "the device does as the model says")


def shipped_fitting(hardware: Hardware) -> Network:
    """The shipped network for a device; any, if none fits: the report says why it is left out."""
    from sterna.data import shipped_for, shipped_network

    try:
        return shipped_for(hardware)
    except ConfigError:
        return shipped_network()
