"""The page of many own stacks: every stack filled in every way, side by side."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fibgap.measures import measure_symbol
from fibgap.report.figures.cut import write_picture, zx_cut
from fibgap.report.page import Picture, render
from fibgap.report.stack_page import stack_page
from fibgap.stacks import FilledStack


@dataclass(frozen=True)
class Filling:
    """An own stack, filled in one way.

    Attributes
    ----------
    name : str
        Of the way.
    record : mapping
        What `fibgap.stacks.fill_stack` wrote beside the volume.
    measured : mapping
        See `fibgap.stacks.MeasuredVolume.to_dict`.
    picture : Path
        PNG of a cut.
    folder : str
        Where volume, page and record lie, relative to the page of all stacks.
    seconds : float or None
        What filling took.
    """

    name: str
    record: Mapping[str, Any]
    measured: Mapping[str, Any]
    picture: Path
    folder: str
    seconds: float | None

    @property
    def by(self) -> str:
        """Return the filler, with the name of its weights."""
        filler = self.record["filler"]
        weights = filler["weights"]
        return f"{filler['name']}, {Path(weights).stem}" if weights else str(filler["name"])

    @property
    def warnings(self) -> list[str]:
        """Return what looks wrong, of the volume and of its measures."""
        return [*dict.fromkeys([*self.record["warnings"], *self.measured["warnings"]])]


@dataclass(frozen=True)
class StackSection:
    """An own stack and all volumes that were made of it.

    Attributes
    ----------
    name : str
        Of the stack.
    checked : mapping
        See `fibgap.stacks.CheckedStack.to_dict`, with the verdict.
    picture : Path
        PNG of a cut through its slices.
    fillings : sequence of Filling
        One per volume.
    """

    name: str
    checked: Mapping[str, Any]
    picture: Path
    fillings: Sequence[Filling]

    @property
    def own_warnings(self) -> dict[str, list[str]]:
        """Return by filling what looks wrong with it alone, beside what does with the stack."""
        common = {*self.checked["warnings"]}
        own = {each.name: [w for w in each.warnings if w not in common] for each in self.fillings}
        return {name: warnings for name, warnings in own.items() if warnings}


def page_with_picture(picture: Path | str) -> Callable[[FilledStack], str]:
    """Return what makes the page of a filled stack, and a picture beside it.

    Parameters
    ----------
    picture : path
        Where a cut through the volume goes, as PNG. Of a volume larger than memory it shows the
        same part as the page.
    """

    def page(filled: FilledStack) -> str:
        write_picture(picture, zx_cut(filled.gapped, filled.volume))
        return stack_page(filled)

    return page


def read_stack(name: str, folder: Path, fillings: Mapping[str, float | None]) -> StackSection:
    """Read what the rules wrote of a stack.

    Parameters
    ----------
    name : str
        Of the stack.
    folder : Path
        Holds ``NAME.json``, ``NAME.png`` and the folder ``NAME`` with the volumes.
    fillings : mapping of str to float or None
        Seconds of every way that filled it, by name.
    """
    found = []
    for filler, seconds in fillings.items():
        record, measured = (
            json.loads((folder / name / part).read_text(encoding="utf-8"))
            for part in (f"{filler}.json", f"measures/{filler}.json")
        )
        picture = folder / name / f"{filler}.png"
        found.append(Filling(filler, record, measured, picture, name, seconds))
    checked = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return StackSection(name, checked, folder / f"{name}.png", found)


def stacks_frame(stacks: Sequence[StackSection]) -> pd.DataFrame:
    """Return one row per stack and filler: what was measured, and what it took."""
    rows = []
    for stack in stacks:
        for each in stack.fillings:
            measured = each.measured
            row: dict[str, Any] = {
                "stack": stack.name,
                "filler": each.name,
                "filled_by": each.by,
                "solid_fraction": measured["solid_fraction"],
            }
            for name, error in measured["anisotropy"].items():
                row[f"anisotropy_{name}"] = error["along_z"]
                row[f"in_plane_{name}"] = error["in_plane"]
            row["voxel_error"] = measured["misclassified"]
            row["seconds"] = each.seconds
            row["warnings"] = len(each.warnings)
            rows.append(row)
    return pd.DataFrame(rows)


def stacks_page(title: str, stacks: Sequence[StackSection], commands: Sequence[str]) -> str:
    """Return the page of many own stacks as one HTML document that loads nothing.

    Parameters
    ----------
    title : str
        Of the page.
    stacks : sequence of StackSection
        In their order.
    commands : sequence of str
        Lines to type to get the same.
    """
    names = dict.fromkeys(
        name for stack in stacks for each in stack.fillings for name in each.measured["anisotropy"]
    )
    return render(
        "stacks.html",
        title=title,
        lead=_lead(stacks),
        stacks=stacks,
        symbols={name: measure_symbol(name) for name in names},
        pictures={stack.name: _pictures(stack) for stack in stacks},
        commands=commands,
    )


def _lead(stacks: Sequence[StackSection]) -> list[str]:
    """Return what there is on the page, in a few sentences."""
    volumes = sum(len(stack.fillings) for stack in stacks)
    doubtful = [stack.name for stack in stacks if stack.checked["warnings"] or stack.own_warnings]
    lead = [f"{_count(len(stacks), 'stack')}, filled to {_count(volumes, 'volume')}."]
    if doubtful:
        lead.append(f"Something looks wrong with {', '.join(doubtful)}: read the warnings there.")
    return lead


def _count(number: int, thing: str) -> str:
    """Return a number of things in words."""
    return f"{number} {thing}{'s' * (number != 1)}"


def _pictures(stack: StackSection) -> list[tuple[str, Picture]]:
    """Return the slices and every volume in pictures, with their names."""
    shown = [("slices", stack.picture), *((each.name, each.picture) for each in stack.fillings)]
    return [(name, Picture(path, "", f"{stack.name}, {name}: zx-plane")) for name, path in shown]
