"""What a job says while it works and when it fails: on the screen and in its log."""

import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from fibgap.errors import InputError


class _Tee:
    """A stream that writes to two streams, so that nothing waits in a buffer when a job dies."""

    def __init__(self, first: TextIO, second: TextIO) -> None:
        self.streams = (first, second)

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
            stream.flush()
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


@contextlib.contextmanager
def job_log(path: Path | str) -> Iterator[None]:
    """Copy everything that a job prints into its log, and tell bad input in one sentence.

    An `InputError` becomes one line and exit status 1; any other exception keeps its traceback,
    in the log as well.

    Parameters
    ----------
    path : path
        The log file; its folder is made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("w", encoding="utf-8") as log,
        contextlib.redirect_stdout(_Tee(sys.stdout, log)),
        contextlib.redirect_stderr(_Tee(sys.stderr, log)),
    ):
        try:
            yield
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except Exception:
            log.write(traceback.format_exc())
            raise
