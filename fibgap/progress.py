"""What a job says while it works and when it fails: on the screen and in its log."""

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from fibgap.errors import InputError


class _Tee:
    """A stream that writes to two places, so that nothing waits in a buffer when a job dies."""

    def __init__(self, screen: TextIO, log: BinaryIO) -> None:
        self.screen, self.log = screen, log

    def write(self, text: str) -> int:
        self.screen.write(text)
        self.screen.flush()
        with contextlib.suppress(OSError):  # a full disk: the screen still tells of it
            self.log.write(text.encode("utf-8", errors="replace"))
        return len(text)

    def flush(self) -> None:
        self.screen.flush()


def _end_with_parent(done: threading.Event, log: BinaryIO, interval_s: float = 1.0) -> None:
    """End this process when the one that started it is gone, until `done` is set.

    A Snakemake that is killed leaves its jobs at work. Its successor starts the same ones again,
    and the first to finish would take checkpoints and parts away from the other. Nothing is lost:
    what is written so far is used again.
    """
    parent = os.getppid()
    while not done.wait(interval_s):
        if os.getppid() != parent:
            with contextlib.suppress(OSError):
                log.write(b"stopped: the workflow that started this job is gone\n")
            os._exit(1)


@contextlib.contextmanager
def job_log(path: Path | str) -> Iterator[None]:
    """Copy everything that a job prints into its log, and tell bad input in one sentence.

    An `InputError` becomes one line and exit status 1; any other exception keeps its traceback,
    in the log as well. The job ends when the process that started it does.

    Parameters
    ----------
    path : path
        The log file; its folder is made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb", buffering=0) as log,
        contextlib.redirect_stdout(_Tee(sys.stdout, log)),
        contextlib.redirect_stderr(_Tee(sys.stderr, log)),
    ):
        done = threading.Event()
        threading.Thread(target=_end_with_parent, args=(done, log), daemon=True).start()
        try:
            yield
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except Exception:
            with contextlib.suppress(OSError):
                log.write(traceback.format_exc().encode("utf-8", errors="replace"))
            raise
        finally:
            done.set()
