"""The public interface: one page of names, each of which can be had and is documented."""

import subprocess
import sys

import pytest

import fibgap

NAMES = [name for names in fibgap.API.values() for name in names]


def test_the_page_and_all_agree():
    """What the page lists is what a star import gives, in the page's order."""
    assert fibgap.__all__ == ["API", "__version__", *NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_public_names_are_documented(name):
    """Every public name is found at its home and says what it does."""
    found = getattr(fibgap, name)
    assert callable(found)
    assert found.__doc__
    assert name in dir(fibgap)


def test_an_unknown_name_is_an_attribute_error():
    """A misspelt name fails as in any module."""
    with pytest.raises(AttributeError, match="rebild"):
        fibgap.rebild  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    """The names cost nothing until they are used."""
    program = "import sys, fibgap; print(sorted({'numpy', 'torch', 'scipy'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
