"""One array of NumPy, the last three axes of which are z, y and x."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fibgap.errors import InputError
from fibgap.io.axes import arrange
from fibgap.io.pages import Pages


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open an array that `numpy.save` wrote; slices are read when they are asked for.

    Raises
    ------
    InputError
        If the file is damaged, cut short, or holds anything but one array of numbers: pickled
        objects are not read.
    """
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path} is damaged, cut short or no array of NumPy ({reason.rstrip('.')})."
        ) from None
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "buif":
        raise InputError(f"{path} holds no single array of numbers.")
    yield arrange(values, None, str(path), block=1)
