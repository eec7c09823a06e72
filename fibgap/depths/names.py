"""Depths from the names of image files: slice_0010_z=0.3460um.tif."""

import re
from collections.abc import Sequence

import numpy as np

from fibgap.depths.result import Depths, in_order
from fibgap.errors import InputError
from fibgap.units import length_nm

# A length in a name: a tag (z, depth) if there is one, a number, a unit that no letter follows.
# Only after "=" or at the name's begin a hyphen is a minus; else it separates words.
_LENGTH = re.compile(
    r"(?:(?<![a-z])(?P<tag>z|zpos|depth|pos|position)[\s_=:-]*?(?P<minus>(?<==)-)?[\s_]*)?"
    r"(?<![\d.,])(?P<digits>\d+(?:[.,]\d+)?(?:e[+-]?\d{1,2})?)"
    r"[\s_]?(?P<unit>nm|um|\u00b5m|\u03bcm|mm|m)(?![a-z\d])",
    re.IGNORECASE,
)


def read_names(names: Sequence[str]) -> Depths:
    """Read the depths of slices from the names of their files.

    Parameters
    ----------
    names : sequence of str
        Names of the files, with or without folder, in the order of the stack. Every name holds its
        depth with a unit: "slice_0010_z=0.3460um.tif", "z0.346um", "a_12.5nm.png". If a name holds
        several lengths, the one after "z" or "depth" counts, or else the one that is not the same
        in all names.

    Returns
    -------
    Depths
        Source "measured".

    Raises
    ------
    InputError
        If a name holds no length or several that could be meant, or if depths neither rise nor
        fall throughout. The message names the file.

    Examples
    --------
    >>> read_names(["s1_z=0.3460um.tif", "s2_z=0.3562um.tif"]).depths_nm.tolist()
    [346.0, 356.2]
    """
    plain = [re.split(r"[/\\]", name)[-1] for name in names]
    found = [list(_LENGTH.finditer(name)) for name in plain]
    for name, matches in zip(plain, found, strict=True):
        if not matches:
            raise InputError(
                f"file name '{name}' holds no depth with a unit, such as z=0.3460um, though depths "
                "are to be read from the names."
            )
    tagged = [[match for match in matches if match["tag"]] for matches in found]
    if all(tagged):
        found = tagged
    widths = {len(matches) for matches in found}
    if len(widths) == 1 and widths != {1}:
        # A length that is the same in all names is a pixel size or a setting.
        varying = [
            index
            for index in range(widths.pop())
            if len({matches[index][0] for matches in found}) > 1
        ]
        found = [[matches[index] for index in varying] for matches in found]
    for name, matches in zip(plain, found, strict=True):
        if len(matches) != 1:
            lengths = ", ".join(match[0] for match in matches) or "none that differs"
            raise InputError(
                f"file name '{name}' must hold one depth, but holds {len(matches)} lengths that "
                f"could be it ({lengths}); mark it by z=."
            )
    values = np.array([_value(matches[0]) for matches in found])
    depths, turned = in_order(values, [f"file '{name}'" for name in plain])
    notes = [f"depths are read from the file names, such as '{found[0][0][0]}' in '{plain[0]}'."]
    if any(re.search(r"-", match[0]) and not match["minus"] for (match,) in found):
        notes.append("a hyphen before a number is no minus; z=-0.346um would be one.")
    if turned:
        notes.append("depths fall, so they and the slices are turned round.")
    return Depths(depths, "measured", None, tuple(notes), turned)


def holds_lengths(names: Sequence[str]) -> bool:
    """Return whether names of files seem to hold depths, good ones or not.

    Notes
    -----
    A length after "z" or "depth" in any of them is meant as one. Lengths without such a word are
    where they differ: one that is the same in all names is a pixel size or a setting.

    Examples
    --------
    >>> holds_lengths(["a_z=10nm.tif", "a.tif"]), holds_lengths(["a_10nm.tif", "a_22nm.tif"])
    (True, True)
    >>> holds_lengths(["a_2.5nm_001.tif", "a_2.5nm_002.tif"]), holds_lengths([])
    (False, False)
    """
    found = [list(_LENGTH.finditer(re.split(r"[/\\]", name)[-1])) for name in names]
    if any(match["tag"] for matches in found for match in matches):
        return True
    return all(found) and len({tuple(match[0] for match in matches) for matches in found}) > 1


def _value(match: re.Match[str]) -> float:
    """Return the length that was found in a name in nm."""
    sign = "-" if match["minus"] else ""
    # A comma cannot group thousands here: names that are sorted by depth have no groups.
    return length_nm(f"{sign}{match['digits']} {match['unit']}", decimal_comma=True)
