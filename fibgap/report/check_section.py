"""The leave-slices-out check on the page of a filled stack: a sentence, a figure, a table."""

from typing import Any

from fibgap.report.figures.hidden import plot_hidden
from fibgap.report.page import Picture
from fibgap.stacks import Choice
from fibgap.stacks.judging import WidthClass

_CAPTION = (
    "Misclassified voxels by the width of the gap. Full lines: cuts across the slices, left as far "
    "apart as the slices are; those between were hidden and filled. Broken lines: slices were "
    "hidden, which makes their gaps at least twice as wide. Only what slices show is counted. "
    "Below: how many layers of this stack lie in gaps of which width. In brackets: the share that "
    "is expected in these, by which the filler is chosen."
)


def check_section(choice: Choice) -> dict[str, Any] | None:
    """Return what the template ``hidden.html`` needs; None if no check was made.

    Parameters
    ----------
    choice : Choice
        Of `fibgap.stacks.choose_filler`.
    """
    check = choice.check
    if check is None:
        return None
    cuts = [each for each in check.classes if each.cuts]
    slices = [each for each in check.classes if each.slices]
    return {
        "sentence": f"{check.best}: {check.why()}",
        "picture": Picture(
            plot_hidden(check), _CAPTION, "misclassified voxels by gap width, a line per filler"
        ),
        "groups": [
            {"name": name, "widths": [_width(each) for each in classes]}
            for name, classes in (("Hidden cuts", cuts), ("Hidden slices", slices))
            if classes
        ],
        "rows": [
            (
                name,
                f"{100 * share:.2f}",
                [f"{100 * each.in_cuts[name]:.2f}" for each in cuts]
                + [f"{100 * each.in_slices[name]:.2f}" for each in slices],
            )
            for name, share in sorted(check.expected.items(), key=lambda item: item[1])
        ],
        "notes": [
            f"{name} was not compared: {reason.removesuffix('.')}."
            for name, reason in check.hidden.refused.items()
        ],
    }


def _width(each: WidthClass) -> str:
    """Return the widths of a class in words."""
    return f"{each.low}" if each.high - each.low == 1 else f"{each.low} to {each.high - 1}"
