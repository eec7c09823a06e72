"""What is told on the way: warnings that stay with a result, and progress."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fibgap.errors import FibgapWarning

#: Called with a stage in words, how much of it is done, and how much there is (0: not known).
Progress = Callable[[str, int, int], None]


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect the sentences of every `FibgapWarning` within a ``with`` block, and pass them on.

    Yields
    ------
    list of str
        Filled when the block ends, each sentence once.

    Notes
    -----
    Warnings are given to Python again when the block ends, also where it ends by an error.
    """
    found: list[str] = []
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FibgapWarning)
            yield found
    finally:
        own = [str(each.message) for each in caught if issubclass(each.category, FibgapWarning)]
        found += dict.fromkeys(own)
        for each in caught:
            if not issubclass(each.category, FibgapWarning):
                warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
        for text in found:
            warnings.warn(text, FibgapWarning, stacklevel=4)


def silent(stage: str, done: int, total: int) -> None:
    """Tell no progress."""
