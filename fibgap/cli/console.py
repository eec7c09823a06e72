"""What a command tells: the result on stdout; warnings, errors and progress on stderr."""

import json
import logging
import sys
import time
import warnings
from contextlib import ExitStack, redirect_stdout
from types import TracebackType
from typing import Any, TextIO

import click

from fibgap.cli.words import for_the_command_line
from fibgap.errors import FibgapWarning, InputError

#: Seconds between lines of one stage where there is no terminal.
_EVERY = 10.0


class Console:
    """What a command tells while it runs; a context manager.

    Parameters
    ----------
    quiet : bool
        No progress, and no words on stdout.
    as_json : bool
        One JSON object on stdout instead of words.

    Notes
    -----
    Within it, what the library prints goes to stderr, and every `FibgapWarning` is one line there.
    """

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self.quiet, self.as_json = quiet, as_json
        self._out: TextIO = sys.stdout
        self._stack = ExitStack()
        self._bar: Any = None
        self._task: Any = None
        self._stage, self._told = "", 0.0
        self._seen: set[str] = set()

    def __enter__(self) -> "Console":
        self._out = sys.stdout
        self._stack.enter_context(redirect_stdout(sys.stderr))
        self._stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("always", FibgapWarning)
        # It speaks of its cache where a home cannot be written to: of no use to whoever fills.
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
        plain = warnings.showwarning

        def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, FibgapWarning):
                self.warning(str(message))
            else:
                plain(message, category, *place, **more)

        warnings.showwarning = show  # catch_warnings puts the plain one back
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_bar()
        self._stack.close()
        if self.as_json and isinstance(error, InputError):
            self.result({"error": str(error)})

    def progress(self, stage: str, done: int, total: int) -> None:
        """Tell how far a stage is: as a bar on a terminal, as lines elsewhere."""
        if self.quiet:
            return
        if sys.stderr.isatty():
            self._draw(stage, done, total)
            return
        now = time.monotonic()
        if stage != self._stage:
            self._line(f"{stage} ...")
            self._stage, self._told = stage, now
        elif total and now - self._told > _EVERY:
            self._line(f"{stage}: {done} of {total}")
            self._told = now

    def _draw(self, stage: str, done: int, total: int) -> None:
        """Draw a bar, or a sign of life where it is not known how much there is."""
        from rich.console import Console as Terminal
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        if self._bar is None:
            columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
            self._bar = Progress(
                *columns, TimeElapsedColumn(), console=Terminal(stderr=True), transient=True
            )
            self._bar.start()
        if stage != self._stage:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(stage, total=total or None)
            self._stage = stage
        self._bar.update(self._task, completed=done, total=total or None)

    def _end_bar(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _line(self, text: str) -> None:
        """Write a line to stderr, above the bar if there is one."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(text, err=True)

    def warning(self, sentence: str) -> None:
        """Tell a warning, once."""
        if sentence not in self._seen:
            self._seen.add(sentence)
            end = "" if sentence.endswith((".", "?")) else "."
            self._line(f"warning: {for_the_command_line(sentence)}{end}")

    def error(self, sentence: str) -> None:
        """Tell what is wrong."""
        self._end_bar()
        self._line(f"error: {for_the_command_line(sentence)}")

    def say(self, line: str) -> None:
        """Tell a part of the result in words."""
        if not self.as_json and not self.quiet:
            self._end_bar()
            click.echo(line, file=self._out)

    def result(self, values: dict[str, Any]) -> None:
        """Tell the result as JSON, if that is wanted."""
        if self.as_json:
            self._end_bar()
            click.echo(json.dumps(values, ensure_ascii=False, allow_nan=False), file=self._out)
