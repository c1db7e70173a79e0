"""Typed errors; each carries the exit code with which the command line ends.

Exit codes: 0 ok, 1 device or link, 2 usage, data or configuration, 3 a tool is missing,
130 interrupted.
"""


def missing(package: str, extra: str) -> str:
    """Advice on a missing package that an optional part of Sterna needs."""
    return (
        f"this needs the package {package!r}: install Sterna with its extra [{extra}]: pip install "
        f"'sterna[{extra}]' (in the source tree: pip install -e '.[{extra}]')"
    )


class SternaError(Exception):
    """Base of every error that Sterna raises on purpose; its text names the way out.

    The text may contain names and values from files and devices, so control characters and
    other characters that cannot be printed are escaped.
    """

    exit_code = 2

    def __init__(self, message: str = "") -> None:
        super().__init__(
            "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in message)
        )


class ConfigError(SternaError):
    """A parameter, a network or a request does not fit; says which limit, and by how much."""


class NetworkError(ConfigError):
    """A network (or its file) is invalid; names the file, the array, the index and the limit."""


class DataError(SternaError):
    """A data set or frame is absent, of the wrong shape or type, or malformed."""


class OutputError(SternaError):
    """A file cannot be written; names the file and the cause."""


class LinkError(SternaError):
    """A port cannot be opened, went away, or did not answer in time."""

    exit_code = 1


class ProtocolError(SternaError):
    """The two sides of a link disagree: version, hardware, or a rule of the protocol."""

    exit_code = 1


class MismatchError(SternaError):
    """The device and the golden model differ; names tick, core, neuron, expected and seen."""

    exit_code = 1


class ToolError(SternaError):
    """A program that this step needs is missing or too old; says what to install."""

    exit_code = 3
