"""What training takes: seconds a step, tokens a second, memory."""

import sys
import time

import jax


class Pace:
    """Times steps from the device's end of one to its end of another.

    A step returns before it is computed, so the clock is read when its result is there: that waits for the device once
    a measurement, not once a step. Compilation, evaluation and the copy that a save makes are left out by whoever
    calls :meth:`restart` after them; what a save writes in the background is in it.
    """

    def __init__(self, step: int, tokens: int) -> None:
        """Begin after ``step``; each step has so many tokens."""
        self._tokens = tokens
        self.restart(step)

    def restart(self, step: int) -> None:
        """Begin anew, after ``step``."""
        self._step, self._time = step, time.perf_counter()

    def measure(self, step: int, result: jax.Array) -> dict[str, float]:
        """Wait for the result of ``step``; return what the steps since the beginning took, and begin anew."""
        result.block_until_ready()
        seconds = (time.perf_counter() - self._time) / (step - self._step)
        self.restart(step)
        taken = {"seconds_per_step": seconds, "tokens_per_second": self._tokens / seconds}
        memory = memory_bytes()
        return taken if memory is None else {**taken, "memory_bytes": memory}


def memory_bytes() -> int | None:
    """Return the most that was in use so far: of the device, or of the process where the device does not say."""
    stats = jax.local_devices()[0].memory_stats()
    if stats is not None:
        return int(stats["peak_bytes_in_use"])
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - Windows has none

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes, but on macOS
