"""Where slices lie: sources of depths, registered by name.

Every source returns `Depths`: the depth of every slice in nm, its standard deviation where one is
known, and notes that say in a sentence each what was decided on the way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fibgap.depths.comparison import Comparison, compare_depths, cut_stretch
from fibgap.depths.from_images import (
    Thickness,
    depths_from_images,
    estimate_thickness,
    thickness_depths,
)
from fibgap.depths.fusion import fuse_depths
from fibgap.depths.line_follower import RulerLine
from fibgap.depths.names import read_names
from fibgap.depths.nominal import nominal_depths
from fibgap.depths.result import Depths
from fibgap.depths.ruler import read_ruler, ruler_depths
from fibgap.depths.ruler_lines import line_depths, read_lines
from fibgap.depths.ruler_tables import is_ruler, read_ruler_table
from fibgap.depths.ruler_tracking import TrackedRuler, track_lines
from fibgap.depths.tables import read_table
from fibgap.depths.written import write_table

__all__ = [
    "SOURCES",
    "Comparison",
    "Depths",
    "RulerLine",
    "Source",
    "Thickness",
    "TrackedRuler",
    "compare_depths",
    "cut_stretch",
    "depths_from_images",
    "estimate_thickness",
    "fuse_depths",
    "is_ruler",
    "line_depths",
    "nominal_depths",
    "read_lines",
    "read_names",
    "read_ruler",
    "read_ruler_table",
    "read_table",
    "ruler_depths",
    "thickness_depths",
    "track_lines",
    "write_table",
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
    "ruler": Source(
        "the distance of lines that were milled at an angle", (ruler_depths, line_depths)
    ),
    "images": Source("the decay of similarity from slice to slice", (depths_from_images,)),
    "fused": Source("a ruler and the images together", (fuse_depths,)),
    "nominal": Source("one thickness for all slices", (nominal_depths,)),
}
