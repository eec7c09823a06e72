"""Warnings stay with a result and reach Python as well."""

import warnings

import pytest

from fibgap.errors import FibgapWarning, InputError
from fibgap.stacks.findings import collected


def tell(*sentences: str, error: Exception | None = None) -> list[str]:
    """Warn of some things where warnings are collected, and fail if asked to."""
    with collected() as found:
        for sentence in sentences:
            warnings.warn(sentence, FibgapWarning, stacklevel=1)
        if error:
            raise error
    return found


def test_sentences_are_collected_once_and_passed_on():
    """A sentence that is told twice is one finding and one warning."""
    with pytest.warns(FibgapWarning) as passed:
        found = tell("thin", "wide", "thin")
    assert found == ["thin", "wide"]
    assert [str(each.message) for each in passed] == ["thin", "wide"]


def test_an_error_does_not_swallow_warnings():
    """What was suspicious before something failed is told all the same."""
    with (
        pytest.warns(FibgapWarning, match="thin"),
        pytest.raises(InputError, match="broken"),
    ):
        tell("thin", error=InputError("broken"))


def test_other_warnings_are_not_findings():
    """A library's own warning goes where it would have gone."""
    with pytest.warns(DeprecationWarning, match="old"), collected() as found:
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert found == []
