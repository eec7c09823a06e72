"""What a job says while it works and when it fails: on the screen and in its log."""

import contextlib
import re
import resource
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.files import exclusive

#: The last line of a finished job's log: processor time with that of its children, and its peak.
_USED = re.compile(r"^used ([\d.]+) s of processor time and ([\d.]+) MB of memory$", re.MULTILINE)


def _usage() -> str:
    """Say what this process has used so far, by the count of the system."""
    own, children = (
        resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return f"used {seconds:.2f} s of processor time and {_peak_mb():.1f} MB of memory"


def _peak_mb() -> float:
    """Return the peak memory of this process so far, in MB of 2^20 bytes."""
    with contextlib.suppress(OSError, LookupError):
        # On Linux ru_maxrss counts what the parent held when it started this process, too.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return float(status.split("VmHWM:")[1].split()[0]) / 2**10
    # macOS counts in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def read_usage(path: Path | str) -> tuple[float, float] | None:
    """Return what a job has used, from its log.

    Parameters
    ----------
    path : path
        The log of a job, from `job_log`.

    Returns
    -------
    (float, float) or None
        Processor time in seconds and peak memory in MB of 2^20 bytes; None where there is no log
        or the job did not end well.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _USED.findall(text)
    return (float(found[-1][0]), float(found[-1][1])) if found else None


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


@contextlib.contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Print every `FibgapWarning` as a line of its own, as often as it is given."""
    usual = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, FibgapWarning):
            print(f"warning: {message}", file=sys.stderr, flush=True)
        else:
            usual(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", FibgapWarning)
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def job_log(path: Path | str) -> Iterator[None]:
    """Copy everything that a job prints into its log, and tell bad input in one sentence.

    The log of a job that ends well ends with what it used, see `read_usage`. A `FibgapWarning`
    becomes one line, for every dataset that it is given for. An `InputError` becomes one line and
    exit status 1; any other exception keeps its traceback, in the log as well. A Snakemake that is
    killed leaves its jobs at work: the same job of the next run waits until that one has ended, so
    that no two ever write the same files.

    Parameters
    ----------
    path : path
        The log file; its folder is made.
    """
    # Snakemake removes the log of an earlier run, so that it is no lock itself.
    path = Path(path)
    with (
        exclusive(path.with_name(f".{path.name}.lock")),
        path.open("wb", buffering=0) as log,
        contextlib.redirect_stdout(_Tee(sys.stdout, log)),
        contextlib.redirect_stderr(_Tee(sys.stderr, log)),
        _warnings_in_one_line(),
    ):
        try:
            yield
            with contextlib.suppress(OSError):
                log.write(f"{_usage()}\n".encode())
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except Exception:
            with contextlib.suppress(OSError):
                log.write(traceback.format_exc().encode("utf-8", errors="replace"))
            raise
