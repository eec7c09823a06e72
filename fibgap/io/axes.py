"""Arrays of several axes, read as a stack."""

from typing import Any

import numpy as np

from fibgap.errors import InputError
from fibgap.io.pages import Block, Pages, one_axis

#: Letters of axes that have no name, and the names of all but z in messages.
_OUTER = "1234567"
_NAMES = {"t": "time", "c": "channel", "1": "first", "2": "second", "3": "third", "4": "fourth"}


def arrange(values: Any, axes: str | None, source: str, *, block: int) -> Pages:
    """Return an array as a stack.

    Parameters
    ----------
    values : array-like
        With `shape`, `dtype` and slicing: of an open file or in memory.
    axes : str or None
        A letter per axis, such as "tzyxc"; None takes the last three as z, y and x.
    source : str
        For messages.
    block : int
        How many slices are best read at once.

    Returns
    -------
    Pages
        Axes of length 1 dropped; z, y, x in this order.

    Raises
    ------
    InputError
        If there is a further axis longer than 1.
    """
    shape = tuple(int(n) for n in values.shape)
    if len(shape) < 2:
        raise InputError(f"{source} has one axis, but a stack has three.")
    if axes is not None and len(axes) == len(shape) and {"y", "x"} <= set(axes.lower()):
        letters = axes.lower()
    else:
        letters = _OUTER[: len(shape) - 3] + "zyx"[-len(shape) :]
    counts = {}
    for letter, count in zip(letters, shape, strict=True):
        if letter not in "yx":
            counts[_NAMES.get(letter, letter)] = count
    total, note = one_axis(counts, source)
    long = [i for i, letter in enumerate(letters) if letter not in "yx" and shape[i] > 1]
    stack_axis = long[0] if long else None
    row, column = letters.index("y"), letters.index("x")
    order = np.argsort(np.argsort([-1 if stack_axis is None else stack_axis, row, column]))

    def read(start: int, stop: int) -> Block:
        key: list[Any] = [0] * len(shape)
        key[row] = key[column] = slice(None)
        if stack_axis is not None:
            key[stack_axis] = slice(start, stop)
        part = np.asarray(values[tuple(key)])
        if stack_axis is None:
            part = part[None]
            part = part if row < column else part.swapaxes(1, 2)
        else:
            part = part.transpose(order)
        return part, None

    pages = Pages(
        (total, shape[row], shape[column]), np.dtype(values.dtype).newbyteorder("="), read
    )
    pages.block = block
    if note:
        pages.notes.say(note)
    if row > column or (stack_axis is not None and stack_axis > min(row, column)):
        pages.notes.say(f"axes stored as {letters}: read as zyx")
    return pages
