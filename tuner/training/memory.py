"""How much memory a trial takes."""

from __future__ import annotations

__all__ = ["PeakMemory"]


class PeakMemory:
    """The largest resident memory of this process, of the moments when it was looked at.

    Not the kernel's own high-water mark: that is the process's, and a worker runs many trials.

    Args:
        before_bytes: The peak before the trial was continued here.
    """

    def __init__(self, before_bytes: int = 0) -> None:
        import psutil

        self._process = psutil.Process()
        self._peak_bytes = before_bytes

    def look(self) -> int:
        """Look at the memory now, in some 20 microseconds, and return the peak so far in bytes."""
        self._peak_bytes = max(self._peak_bytes, self._process.memory_info().rss)
        return self._peak_bytes
