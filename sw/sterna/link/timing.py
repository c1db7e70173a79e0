"""When a host asks again: the round trip, measured as TCP does (RFC 6298)."""

#: Shortest silence after which the host asks again, in seconds.
SILENCE_S = 0.1
#: Asking in vain doubles the silence up to this, or up to the round trip if that is longer.
_LONGEST_S = 1.0


class RoundTrip:
    """The smoothed round trip, and the silence after which to ask again.

    Members
    -------
    silence_s : silence after which to ask; doubles by `back_off`, until something comes.
    slack_s : added to a time-out by a slow round trip; 0 on a link faster than `SILENCE_S`.
    """

    def __init__(self) -> None:
        self._mean_s: float | None = None
        self._deviation_s = 0.0
        self._factor = 1

    @property
    def _steady_s(self) -> float:
        if self._mean_s is None:
            return SILENCE_S
        return max(SILENCE_S, self._mean_s + 4 * self._deviation_s)

    @property
    def silence_s(self) -> float:
        """Seconds of silence after which the host asks again."""
        return min(self._steady_s * self._factor, max(_LONGEST_S, self._steady_s))

    @property
    def slack_s(self) -> float:
        """Seconds that a slow link adds to the time-out."""
        return 2 * (self._steady_s - SILENCE_S)

    def sample(self, seconds: float) -> None:
        """Take a measured round trip into account."""
        if self._mean_s is None:
            self._mean_s, self._deviation_s = seconds, seconds / 2
        else:
            self._deviation_s += (abs(seconds - self._mean_s) - self._deviation_s) / 4
            self._mean_s += (seconds - self._mean_s) / 8

    def back_off(self) -> None:
        """Wait twice as long before the next request."""
        self._factor = min(2 * self._factor, 1 << 16)

    def received(self) -> None:
        """A frame has come: wait no longer than at first."""
        self._factor = 1
