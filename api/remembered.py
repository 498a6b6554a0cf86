"""An answer that is kept for a moment: however often it is asked for, it is worked out seldom."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import to_thread

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last answer to one question, for so many seconds. Whoever comes while it is worked out waits for it, and holds no thread."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: tuple[float, T] | None = None
        self._lock = asyncio.Lock()

    async def ask(self, work_out: Callable[[], T]) -> T:
        """The answer, worked out in a thread where none is known that is fresh. What that raises is raised, and not kept."""
        async with self._lock:
            if self._kept is None or self._clock() - self._kept[0] >= self._seconds:
                told = await to_thread.run_sync(work_out)
                self._kept = self._clock(), told
            return self._kept[1]
