"""A progress bar on standard error, for runs that last."""

from __future__ import annotations

import sys
from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds a run may last before it shows how far it is."""


class ProgressBar:
    """Shown once a run has taken longer than `PATIENCE`, gone when it ends. Rich is not imported before."""

    def __init__(self, *, is_wanted: bool, is_coloured: bool = True) -> None:
        self._is_coloured = is_coloured
        self._is_wanted = is_wanted and sys.stderr.isatty()
        self._timer = Timer(PATIENCE, self._show)
        self._timer.daemon = True
        self._lock = Lock()
        self._is_over = False
        self._bar: Progress | None = None
        self._state: tuple[str, int, int | None] = ("starting", 0, None)

    def __enter__(self) -> ProgressBar:
        if self._is_wanted:
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            if self._bar is not None:
                self._bar.stop()

    def tell(self, stage: str, done: int, total: int | None) -> None:
        """How much of a stage is done; ``None``: nobody knows how much there is."""
        self._state = (stage, done, total)
        if self._bar is not None:
            self._draw(self._bar)

    def _show(self) -> None:
        """Runs in a thread of its own, so that a stage that tells nothing for long is seen, too."""
        with self._lock:
            if self._is_over:
                return
            bar = _made(self._is_coloured)
            bar.start()
            self._draw(bar)
            self._bar = bar

    def _draw(self, bar: Progress) -> None:
        stage, done, total = self._state
        bar.update(bar.task_ids[0], description=stage, completed=done, total=total)


def _made(is_coloured: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True, no_color=not is_coloured or None), transient=True)
    bar.add_task("starting", total=None)
    return bar
