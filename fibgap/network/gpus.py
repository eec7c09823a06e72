"""Share the GPUs of one machine: jobs that see several spread over them evenly."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fibgap.errors import InputError

#: Open files whose locks this process holds, until it ends, however it ends.
_held: list[int] = []


@dataclass(frozen=True)
class Claim:
    """A GPU that this process has taken.

    Attributes
    ----------
    gpu : str
        Its name among the visible ones.
    others : int
        How many jobs had it before.
    """

    gpu: str
    others: int


def visible_gpus(count: int, listed: str) -> list[str]:
    """Return names of the GPUs that a process sees, in CUDA's order.

    Parameters
    ----------
    count : int
        How many CUDA finds.
    listed : str
        The variable CUDA_VISIBLE_DEVICES of its environment, empty where it is not set.

    Returns
    -------
    list of str
        What the variable calls them, or their numbers. So two jobs that see different parts of a
        machine mean the same GPU by a name.

    Examples
    --------
    >>> visible_gpus(2, "2,3")
    ['2', '3']
    >>> visible_gpus(2, "")
    ['0', '1']
    """
    names = [name.strip() for name in listed.split(",") if name.strip()]
    # CUDA ends the list at the first entry that it does not know.
    return names[:count] if len(names) >= count else [str(index) for index in range(count)]


def lock_folder() -> Path:
    """Return the folder of this user's locks on this machine.

    Raises
    ------
    InputError
        If another user owns what lies there.
    """
    folder = Path(tempfile.gettempdir()) / f"fibgap-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise InputError(
            f"folder {folder} belongs to another user; GPUs are shared by locks in it."
        )
    return folder


def claim_gpu(visible: Sequence[str], folder: Path | None = None) -> Claim:
    """Take the GPU that the fewest jobs have taken, the first one among equals.

    Every GPU has places 0, 1, 2, …, each a file with a lock. A job takes the lowest place that is
    free on any GPU. The kernel frees a place when the process ends, also if it is killed.

    Parameters
    ----------
    visible : sequence of str
        Names of the GPUs, from `visible_gpus`.
    folder : path, optional
        Where the locks lie; by default `lock_folder`.

    Returns
    -------
    Claim
        The GPU, and how many jobs have it besides. It is held until this process ends.
    """
    if not visible:
        raise InputError("a GPU was asked for, but this job sees none.")
    import fcntl  # which Windows has not, where nobody shares GPUs

    folder = lock_folder() if folder is None else folder
    place = 0
    while True:
        for name in visible:
            # A name may be a path-like identifier of a GPU's part.
            path = folder / f"{name.replace('/', '_')}.{place}"
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                continue
            _held.append(file)
            return Claim(name, place)
        place += 1
