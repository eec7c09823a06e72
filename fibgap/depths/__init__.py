"""Where slices lie: sources of depths, registered by name.

Every source returns `Depths`: the depth of every slice in nm, its standard deviation where one is
known, and notes that say in a sentence each what was decided on the way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fibgap.depths.names import read_names
from fibgap.depths.nominal import nominal_depths
from fibgap.depths.result import Depths
from fibgap.depths.suspicion import check_depths, check_placement, place_own
from fibgap.depths.tables import read_table

__all__ = [
    "SOURCES",
    "Depths",
    "Source",
    "check_depths",
    "check_placement",
    "nominal_depths",
    "place_own",
    "read_names",
    "read_table",
]


@dataclass(frozen=True)
class Source:
    """A source of depths.

    Attributes
    ----------
    description : str
        What it is, in a clause for tables and help texts.
    functions : tuple of callable
        The functions that return its `Depths`, one per form in which it comes.
    """

    description: str
    functions: tuple[Callable[..., Depths], ...]


#: All sources by name.
SOURCES: dict[str, Source] = {
    "measured": Source(
        "depths or thicknesses in a table, or depths in the names of the files",
        (read_table, read_names),
    ),
    "nominal": Source("one thickness for all slices", (nominal_depths,)),
}
