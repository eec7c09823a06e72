"""Files that are complete or not there at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fibgap.errors import InputError

#: What the system says when there is no room: the disk, the quota, the largest file.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    return ""


def process_lives(pid: str) -> bool:
    """Return whether a process with this number lives, for all that can be known here."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True
