"""The exception that tells a user what is wrong with what they gave, and the warning beside it."""

from importlib.util import find_spec


class InputError(ValueError):
    """Bad input, told in one sentence that names the thing and the offending value.

    Everything else that is raised in this library is a defect of the library.
    """


class FibgapWarning(UserWarning):
    """Something about the input or the result that a user should look at."""


def has(package: str) -> bool:
    """Return whether a package is installed, without importing it."""
    return find_spec(package) is not None


def require(package: str, what: str, extra: str) -> None:
    """Check that a package of an extra is installed.

    Parameters
    ----------
    package : str
        What is imported.
    what : str
        What needs it, as the sentence begins.
    extra : str
        Which extra of this package installs it.

    Raises
    ------
    InputError
        If it is not installed.

    Examples
    --------
    >>> require("numpy", "Counting", "train")
    >>> require("no_torch", "Training", "train")
    Traceback (most recent call last):
    fibgap.errors.InputError: Training needs no_torch: pip install 'fibgap[train]' installs it.
    """
    if not has(package):
        raise InputError(f"{what} needs {package}: pip install 'fibgap[{extra}]' installs it.")
