"""Where slices lie: sources of depths, registered by name.

Every source returns `Depths`: the depth of every slice in nm, its standard deviation where one is
known, and notes that say in a sentence each what was decided on the way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fibgap.depths.from_images import Thickness, depths_from_images, estimate_thickness
from fibgap.depths.fusion import fuse_depths
from fibgap.depths.names import read_names
from fibgap.depths.nominal import nominal_depths
from fibgap.depths.result import Depths
from fibgap.depths.ruler import read_ruler, ruler_depths
from fibgap.depths.tables import read_table, write_table

__all__ = [
    "SOURCES",
    "Depths",
    "Source",
    "Thickness",
    "depths_from_images",
    "estimate_thickness",
    "fuse_depths",
    "nominal_depths",
    "read_names",
    "read_ruler",
    "read_table",
    "ruler_depths",
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
    "ruler": Source("the distance of lines that were milled at an angle", (ruler_depths,)),
    "images": Source("the decay of similarity from slice to slice", (depths_from_images,)),
    "fused": Source("a ruler and the images together", (fuse_depths,)),
    "nominal": Source("one thickness for all slices", (nominal_depths,)),
}
