"""The virtual board: the device in Verilator as a process that speaks the host link."""

import contextlib
import json
import logging
import os
import secrets
import selectors
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from sterna.builds.folders import build_root, make_folder
from sterna.spec import ConfigError, Hardware, LinkError, preset

from .board_build import build_board
from .build import Progress
from .verilog import Design, device_design

logger = logging.getLogger(__name__)

Transport = Literal["tcp", "pty"]
#: Kinds of waveform files, by suffix.
WAVES = ("vcd", "fst")
_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 5.0


class VirtualBoard:
    """A virtual board: built if need be and started on entry, stopped on exit.

    The process ends when its standard input closes, and only we hold the other end: however this
    process ends, no board is left behind.

    Parameters
    ----------
    design : hardware parameters, the name of a preset, or any `Design`.
    pins : run the UART's pins too, bit by bit; slower.
    transport : 'tcp' (a free port of the loopback) or 'pty' (a pseudo-terminal).
    wave : file to write waveforms to, .vcd or .fst; some kilobytes a cycle.
    log : the board's own log; by default its own file under the build folder, which goes away
        when the board has ended in good order.
    port : TCP port, 0 for any free one.
    progress : called with the steps of the build.

    Members
    -------
    url : for `sterna.host.Device.open`: socket://127.0.0.1:PORT, or a path.
    pid : process id.

    Raises
    ------
    ToolError : it cannot be built; LinkError : it does not start.
    """

    def __init__(
        self,
        design: Hardware | str | Design,
        *,
        pins: bool = False,
        transport: Transport = "tcp",
        wave: str | Path | None = None,
        log: str | Path | None = None,
        port: int = 0,
        progress: Progress | None = None,
    ) -> None:
        if isinstance(design, str):
            design = preset(design)
        if isinstance(design, Hardware):
            design = device_design(design, pins=pins)
        if transport not in ("tcp", "pty"):
            raise ConfigError(f"transport must be 'tcp' or 'pty', not {transport!r}")
        self._design = design
        self._transport = transport
        self._port = port
        self._progress = progress
        self._wave = Path(wave) if wave else None
        if self._wave and self._wave.suffix[1:] not in WAVES:
            raise ConfigError(f"{self._wave}: a waveform file ends in .vcd or .fst")
        name = f"board-{os.getpid()}-{secrets.token_hex(3)}.log"
        self.log = Path(log) if log else build_root() / "logs" / name
        self._keeps_log = log is not None
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Process id; raises LinkError if it was not started."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Wait until it ends by itself; True if it did."""
        try:
            self._running().wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise LinkError("the virtual board was not started")
        return self._process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        status = self.stop()
        if kind is None and status > 0:
            raise LinkError(
                f"the virtual board ended with exit code {status}; its log, {self.log}, ends: "
                f"{self.log_tail()}"
            )

    def start(self) -> None:
        """Build if need be, start, and wait until it serves."""
        wave = self._wave.suffix[1:] if self._wave else None
        program = build_board(self._design, wave=wave, progress=self._progress)
        command = [str(program), "--log", str(self.log), "--divisor", str(self._design.divisor)]
        command += ["--pty"] if self._transport == "pty" else ["--tcp", str(self._port)]
        if self._wave:
            self._wave.parent.mkdir(parents=True, exist_ok=True)
            command += ["--wave", str(self._wave)]
        make_folder(self.log.parent)
        self.log.unlink(missing_ok=True)
        # A session of its own: Ctrl-C reaches us only, and we stop the board in good order.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            self.url = self._await_url(self._process)
        except BaseException:
            self.stop()
            raise
        logger.info("virtual board %d serves %s", self._process.pid, self.url)

    def _await_url(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout
        with selectors.DefaultSelector() as said:  # not select, which takes 1,024 open files
            said.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if said.select(_START_TIMEOUT_S) else ""
        try:
            return json.loads(line)["url"]
        except (ValueError, KeyError, TypeError):
            pass
        process.kill()
        said = (process.stderr.read() if process.stderr else "").strip() or "nothing"
        raise LinkError(
            f"the virtual board did not start; it said: {said}; log: {self.log}: {self.log_tail()}"
        )

    def log_tail(self, lines: int = 5) -> str:
        """The last lines of the board's log, for messages."""
        try:
            text = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return " | ".join(line.strip() for line in text[-lines:]) or "(empty)"

    def stop(self) -> int:
        """End it: close its standard input; if it still runs, kill it.

        Returns its exit status, 0 if it was not running; a signal's number is negative.
        """
        process, self._process = self._process, None
        if process is None:
            return 0
        pipes: tuple[IO[str] | None, ...] = (process.stdin, process.stdout, process.stderr)
        for pipe in pipes:
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            logger.warning("virtual board %d does not end; killing it", process.pid)
            process.kill()
            process.wait()
        logger.info("virtual board %d ended with %d", process.pid, process.returncode)
        if process.returncode == 0 and not self._keeps_log:
            self.log.unlink(missing_ok=True)
        return process.returncode

    def kill(self) -> None:
        """End it at once and without warning, as a crash would."""
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
