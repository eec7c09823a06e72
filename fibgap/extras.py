"""What a light installation lacks, said in one sentence where it is needed."""

from importlib.util import find_spec

from fibgap.errors import InputError


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
