"""Settings of dataclasses say once what they are: to whoever builds one, and to whoever reads."""

import math
from dataclasses import dataclass
from typing import Literal

import pytest

from fibgap.errors import InputError
from fibgap.settings import check_settings, described, setting


@described
@dataclass(frozen=True)
class Beam:
    """An ion beam.

    Notes
    -----
    None is perfect.
    """

    current_pa: float = setting("Current.", unit="pA", gt=0, le=100)
    passes: int = setting("Number of passes.", 1, ge=1)
    ion: Literal["Ga", "Xe"] = setting("Kind of ion.", "Ga")

    def __post_init__(self) -> None:
        check_settings(self)


def test_documentation_lists_every_setting() -> None:
    """Name, type, meaning and unit stand in the documentation, below what was written by hand."""
    assert Beam.__doc__ == (
        "An ion beam.\n\nNotes\n-----\nNone is perfect.\n\n"
        "Attributes\n----------\n"
        "current_pa : float\n    Current. Unit: pA.\n"
        "passes : int\n    Number of passes.\n"
        "ion : {'Ga', 'Xe'}\n    Kind of ion."
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"current_pa": 0}, "current_pa must be greater than 0 and at most 100, but is 0"),
        ({"current_pa": 101}, "current_pa must be greater than 0 and at most 100, but is 101"),
        ({"current_pa": math.nan}, "current_pa must be greater than 0 and at most 100, but is nan"),
        ({"passes": 0}, "passes must be at least 1, but is 0"),
        ({"ion": "He"}, "ion 'He' is unknown; choose one of Ga, Xe"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(changes: dict, message: str) -> None:
    """An open bound excludes its end, a closed one does not, and NaN keeps to no bound."""
    assert Beam(current_pa=100).passes == 1
    with pytest.raises(InputError) as caught:
        Beam(**{"current_pa": 50, **changes})
    assert str(caught.value) == f"{message}."
