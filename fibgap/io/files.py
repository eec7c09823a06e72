"""Files that are complete or not there at all, and locks."""

import contextlib
import errno
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fibgap.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: What the system says when there is no room: the disk, the quota, the largest file.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: What NumPy says of an array of which only a part went into a file, without the system's reason.
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")


@contextmanager
def write_aside(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path` and move it into place if all goes well.

    Temporary files that dead processes left for the same path are removed first.

    Raises
    ------
    InputError
        If there is no room for the file; what was at `path` before is still there.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{path.name}.*.tmp"):
        if not process_lives(stale.name.split(".")[-2]):
            stale.unlink(missing_ok=True)
    aside = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        yield aside
        os.replace(aside, path)
    except Exception as error:
        if reason := _no_room(error):
            raise InputError(f"file {path} cannot be written: {reason}.") from error
        raise
    finally:
        aside.unlink(missing_ok=True)


def _no_room(error: Exception) -> str:
    """Return the system's words for a lack of room if that is what an error is about, else ''.

    Some libraries put the words into exceptions of their own, without the number.
    """
    for number in _NO_ROOM:
        if getattr(error, "errno", None) == number or os.strerror(number) in str(error):
            return os.strerror(number)
    return os.strerror(errno.ENOSPC) if _CUT_SHORT.search(str(error)) else ""


def process_lives(pid: str) -> bool:
    """Return whether a process with this number lives, for all that can be known here."""
    if os.name == "nt":  # where signal 0 is not a question, but Ctrl-C
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True


@contextmanager
def exclusive(path: Path | str) -> Iterator[None]:
    """Hold a lock that one process has at a time.

    A process that comes second says for whom it waits, and waits until that one has ended. The
    system frees the lock when its process ends, however it ends.

    Parameters
    ----------
    path : path
        The lock, a file that is there while it is held; its folder is made.

    Notes
    -----
    Some network file systems have no locks, and Windows has none of this kind. There nobody waits:
    whoever starts two processes on one file sees to it.
    """
    file = _locked(Path(path))
    try:
        with contextlib.suppress(OSError):  # a full disk
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}".encode())
        yield
    finally:
        with contextlib.suppress(PermissionError):  # Windows removes no file that is open
            Path(path).unlink(missing_ok=True)
        file.close()


def _locked(path: Path) -> BinaryIO:
    """Return an open file that this process alone has locked."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b", buffering=0)
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(200).decode(errors="replace")
            print(f"{path}: waiting for {holder}, which is still at work here", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            return file  # the file system has no locks
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # The one that had it before has removed it.
