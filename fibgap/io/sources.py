"""What a person points at: a file, a folder, a pattern or a list; and the order of its images."""

import glob
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fibgap.errors import InputError
from fibgap.io.formats import Format, endings, find_format
from fibgap.io.pages import Notes, full_path

Source = str | Path | Sequence[str | Path]

#: A number with decimals counts as one where a unit follows it; elsewhere a point separates.
_NUMBER = re.compile(r"(?:(?<==)-)?\d+\.\d+(?=\s?[nuµμm]m)|\d+")
_THUMBNAIL = re.compile(r"(?:^|[\W_])(?:thumb(?:nail)?s?|preview)(?:[\W_\d]|$)", re.IGNORECASE)
_ZARR = ("zarr.json", ".zgroup", ".zarray")


@dataclass(frozen=True)
class Found:
    """The files of a stack in their order.

    Attributes
    ----------
    paths : tuple of Path
        One file that holds the stack, or one file per slice.
    form : Format
        Of all of them.
    notes : Notes
        What was left out.
    """

    paths: tuple[Path, ...]
    form: Format
    notes: Notes = field(default_factory=Notes)


def natural_key(name: str) -> tuple[tuple[int, float, str], ...]:
    """Return what names are sorted by: numbers by their value, letters without their case.

    Examples
    --------
    >>> sorted(["slice10.tif", "slice2.tif", "Slice1.tif"], key=natural_key)
    ['Slice1.tif', 'slice2.tif', 'slice10.tif']
    >>> sorted(["z=0.5um.tif", "z=0.3460um.tif"], key=natural_key)
    ['z=0.3460um.tif', 'z=0.5um.tif']
    """
    parts: list[tuple[int, float, str]] = []
    begin = 0
    for match in _NUMBER.finditer(name):
        parts.append((1, 0.0, name[begin : match.start()].casefold()))
        parts.append((0, float(match[0]), ""))
        begin = match.end()
    parts.append((1, 0.0, name[begin:].casefold()))
    return tuple(parts)


def find_source(source: Source) -> Found:
    """Return the files that a person means.

    Parameters
    ----------
    source : path, str, or sequence of them
        A file, a folder of single images, a pattern with ``*``, ``?`` or ``[...]``, or a list of
        files in their order.

    Raises
    ------
    InputError
        If there are none, if they are of several kinds, or if their order is not clear.
    """
    try:
        if isinstance(source, str | Path):
            return _from_path(full_path(source))
        return _from_list([full_path(path) for path in source])
    except PermissionError as error:
        raise InputError(f"'{error.filename}' cannot be read: {error.strerror}.") from None


def _from_path(path: Path) -> Found:
    """Return the files of a folder, a file or a pattern."""
    if path.is_dir():
        return _from_folder(path)
    if path.exists():
        return Found((path,), _known(path))
    if not glob.has_magic(str(path)):
        raise InputError(f"'{path}' does not exist.")
    matches = [Path(match) for match in glob.glob(str(path), recursive=True)]
    if not matches:
        raise InputError(f"no file matches the pattern '{path}'.")
    if len(matches) == 1:
        return _from_path(matches[0])
    return _sorted([match for match in matches if not match.is_dir()], f"pattern '{path}'")


def _known(path: Path) -> Format:
    """Return the format of a file, or say which there are."""
    form = find_format(path)
    if form is None or form.folder:
        raise InputError(
            f"'{path}' is of no kind that is read: its name should end with one of "
            f"{endings(reads=True)}."
        )
    return form


def _from_list(paths: list[Path]) -> Found:
    """Return a list of files as they are given."""
    if not paths:
        raise InputError("the list of images is empty.")
    for path in paths:
        if not path.is_file():
            raise InputError(f"'{path}' of the list of images does not exist.")
    twice = [path for path, count in Counter(paths).items() if count > 1]
    if twice:
        raise InputError(f"'{twice[0]}' stands in the list of images more than once.")
    forms = [_known(path) for path in paths]
    odd = next((path for path, form in zip(paths, forms, strict=True) if form != forms[0]), None)
    if odd is not None:
        raise InputError(
            f"the list of images mixes kinds of files: '{odd.name}' is another one than "
            f"'{paths[0].name}'."
        )
    names = [str(path) for path in paths]
    by_number = sorted(names, key=natural_key)
    if len(paths) > 2 and names == sorted(names) != by_number:
        i = next(i for i in range(len(names)) if names[i] != by_number[i])
        raise InputError(
            f"the list of images is sorted by letters, with '{paths[i].name}' before "
            f"'{Path(by_number[i]).name}': sort it by number (fibgap.io.sources.natural_key), or "
            "give the folder."
        )
    return Found(tuple(paths), forms[0])


def _from_folder(folder: Path) -> Found:
    """Return the images of a folder, or a folder that is a file itself."""
    form = find_format(folder)
    if (form and form.folder) or any((folder / name).is_file() for name in _ZARR):
        zarr = next(form for form in (form or _zarr(), _zarr()) if form.folder)
        return Found((folder,), zarr)
    return _sorted(sorted(folder.iterdir()), f"folder '{folder}'", whole=True)


def _zarr() -> Format:
    """Return the format whose files are folders."""
    form = find_format(Path("folder.zarr"))
    assert form is not None
    return form


def _sorted(entries: Iterable[Path], where: str, *, whole: bool = False) -> Found:
    """Return the images among some files in natural order.

    Parameters
    ----------
    entries : iterable of Path
        Files and folders.
    where : str
        For messages.
    whole : bool
        Whether nobody chose them: names of two kinds are then two stacks.
    """
    notes = Notes()
    images: list[Path] = []
    left: list[str] = []
    for path in entries:
        if path.name.startswith(".") or path.name.lower() in ("thumbs.db", "desktop.ini"):
            continue
        form = find_format(path)
        if path.is_dir() or form is None or _THUMBNAIL.search(path.stem):
            left.append(path.name)
        else:
            images.append(path)
    if left:
        shown = ", ".join(sorted(left, key=natural_key)[:3]) + (", ..." if len(left) > 3 else "")
        what = "1 entry" if len(left) == 1 else f"{len(left)} entries"
        verb = "is no slice and was" if len(left) == 1 else "are no slices and were"
        notes.say(f"{what} of the {where} {verb} left out: {shown}")
    if not images:
        raise InputError(f"the {where} holds no images ({endings(single=True)}).")
    images.sort(key=lambda path: natural_key(path.name))
    by_kind: dict[str, Path] = {}
    for path in images:
        by_kind.setdefault(_known(path).name, path)
    if len(by_kind) > 1:
        shown = " and ".join(f"'{path.name}' ({kind})" for kind, path in by_kind.items())
        raise InputError(
            f"the {where} mixes kinds of files, {shown}: give a pattern such as "
            f"'*{images[0].suffix}'."
        )
    if len(images) > 1:
        _check_names(images, where, notes, whole=whole)
    return Found(tuple(images), _known(images[0]), notes)


def _check_names(images: list[Path], where: str, notes: Notes, *, whole: bool) -> None:
    """Refuse names that belong to two stacks or give no order, and warn of numbers left out."""
    names = [path.stem for path in images]
    kinds: dict[str, str] = {}
    for path in images:
        kinds.setdefault(_NUMBER.sub("#", path.stem).casefold(), path.name)
    if whole and len(kinds) > 1:
        first, second = [*kinds.values()][:2]
        raise InputError(
            f"the {where} holds more than one series of images, such as '{first}' and '{second}': "
            "give a pattern that matches one of them."
        )
    numbers = [[float(match[0]) for match in _NUMBER.finditer(name)] for name in names]
    for before, after, path, other in zip(numbers, numbers[1:], images, images[1:], strict=False):
        same_place = path.parent == other.parent
        if len(kinds) == 1 and before and before == after and same_place:
            raise InputError(
                f"'{path.name}' and '{other.name}' of the {where} have the same number: their "
                "order is not clear."
            )
    if len(kinds) == 1 and len(images) > 2:
        _warn_of_gaps(images, numbers, notes)


def _warn_of_gaps(images: list[Path], numbers: list[list[float]], notes: Notes) -> None:
    """Warn where the numbers of slices, evenly spaced elsewhere, leave one out."""
    columns = [column for column in zip(*numbers, strict=True) if len(set(column)) > 1]
    if not columns or any(value != int(value) for value in columns[0]):
        return
    steps = [int(b - a) for a, b in zip(columns[0], columns[0][1:], strict=False)]
    usual, count = Counter(steps).most_common(1)[0]
    if usual <= 0 or count < 0.8 * len(steps):
        return
    gaps = [i for i, step in enumerate(steps) if step > usual]
    if gaps:
        i = gaps[0]
        notes.warn(
            f"the numbers of the images have {len(gaps)} gaps, the first between "
            f"'{images[i].name}' and '{images[i + 1].name}': slices may be missing"
        )
