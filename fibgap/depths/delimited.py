"""Tables as text, whatever separates columns, marks decimals and encodes letters."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from fibgap.depths.titles import read_title
from fibgap.errors import InputError
from fibgap.units import parse_number, split_length, unit_exponent

#: In the order in which they are preferred; the last one is white space of any length.
_SEPARATORS = ("\t", ";", ",", " ")
_COMMENTS = ("#", "%", "//")
_NO_VALUE = ("nan", "na", "n/a", "null", "none", "inf", "-inf")


@dataclass(frozen=True)
class TextTable:
    """Rows of text with the numbers of their lines.

    Attributes
    ----------
    titles : tuple of str or None
        Names of the columns, if there are any.
    rows : tuple of tuple of str
        Cells, the same number in every row.
    lines : tuple of int
        Line of every row in the file, counted from 1.
    decimal_comma : bool
        Whether a comma in a number is a decimal one.
    """

    titles: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    decimal_comma: bool


def read_text(path: Path | str) -> str:
    """Return the text of a file: UTF-8, UTF-16 with or without a mark, or else Latin-1.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, is empty or is no text.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"file {path} does not exist.") from None
    except OSError as error:
        raise InputError(f"file {path} cannot be read: {error.strerror}.") from None
    if not data.strip():
        raise InputError(f"file {path} is empty.")
    if data[:4] == b"PK\x03\x04" or data[:4] == b"\xd0\xcf\x11\xe0":
        raise InputError(f"file {path} is a workbook or an archive: save the table as CSV.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\0" in data[:200]:
        # Text in UTF-16 without a mark has a zero in every other byte of its plain letters.
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return text
    raise InputError(f"file {path} is no text, so it is no table of depths.")


@dataclass(frozen=True)
class _Line:
    """A line of a file, counted from 1; of a comment what follows the mark."""

    number: int
    text: str
    comment: bool = False


def read_text_table(path: Path | str, *, decimal: str | None = None) -> TextTable:
    """Read a table whose columns are separated by comma, semicolon, tab or white space.

    Parameters
    ----------
    path : path
        Lines that begin with #, % or // are comments. Of the lines without any number above the
        first row the last one names the columns; if it holds nothing but units, it completes the
        one before. Names may also stand in a comment above the first row.
    decimal : str, optional
        "." or ",", where a file can be read in both ways.

    Raises
    ------
    InputError
        If the file is no table: no rows, rows of different lengths, blank lines between rows, or
        commas that can be read in two ways. The message names the line.
    """
    if decimal not in (None, ".", ","):
        raise InputError(f"decimal must be '.' or ',', but is '{decimal}'.")
    head, rows = _lines(read_text(path), path)
    separator = _separator(head, rows, decimal, path)
    cells = [_split(row.text, separator) for row in rows]
    width = Counter(map(len, cells)).most_common(1)[0][0]
    for row, found in zip(rows, cells, strict=True):
        if len(found) != width:
            raise InputError(
                f"file {path}: line {row.number} ('{row.text}') has {_columns(len(found))}, but "
                f"most lines have {width}; a remark must begin with #."
            )
    return TextTable(
        _titles(head, separator, width, path),
        tuple(map(tuple, cells)),
        tuple(row.number for row in rows),
        _decimal_comma(rows, cells, separator, decimal, path),
    )


def _columns(count: int) -> str:
    """Return a number of columns in words."""
    return f"{count} column{'s' if count != 1 else ''}"


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, with or without a unit of length."""
    digits, unit = split_length(cell)
    known = not unit or unit_exponent(unit) is not None
    return bool(digits) and known and parse_number(digits, decimal_comma=True) is not None


def _lines(text: str, path: Path | str) -> tuple[list[_Line], list[_Line]]:
    """Return the lines above the rows, and the rows."""
    head: list[_Line] = []
    rows: list[_Line] = []
    blank = 0
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        plain = raw.strip(" \f\v")
        if not plain.strip('",;\t '):
            blank = blank or number
        elif plain.lstrip('"').startswith(_COMMENTS):
            if not rows:
                head.append(_Line(number, plain.strip('"#%/,;\t '), comment=True))
        elif rows or any(map(is_number, re.split(r'[;,\s"]+', plain))):
            if rows and blank:
                raise InputError(
                    f"file {path}: line {blank} is blank between rows: add what is missing there, "
                    "or remove the line."
                )
            rows.append(_Line(number, plain))
            blank = 0
        elif not re.fullmatch("sep=.", plain, re.IGNORECASE):  # a spreadsheet's own mark
            head.append(_Line(number, plain))
        if not rows:
            blank = 0
    if not rows:
        raise InputError(f"file {path} has no line with a number, so it is no table of depths.")
    return head, rows


def _split(text: str, separator: str) -> list[str]:
    """Return the cells of a line."""
    if not separator:
        return [text.strip('" ')]
    if separator != " ":
        return [cell.strip() for cell in next(csv.reader([text], delimiter=separator))]
    cells: list[str] = []
    for cell in text.split():
        # A unit belongs to the number before it, a bracket to the name before it.
        belongs = cells and (
            cell[0] in "[(" or (unit_exponent(cell) is not None and is_number(cells[-1]))
        )
        if belongs:
            cells[-1] += f" {cell}"
        else:
            cells.append(cell.strip('"'))
    return cells


def _separator(head: list[_Line], rows: list[_Line], decimal: str | None, path: Path | str) -> str:
    """Return what separates the columns, empty if there is only one."""
    names = [line.text for line in head if not line.comment][-1:]
    ranks = {}
    for separator in _SEPARATORS:
        cells = [_split(row.text, separator) for row in rows]
        width, agreeing = Counter(map(len, cells)).most_common(1)[0]
        loose = separator == " " and any(cell.strip(",;") != cell for row in cells for cell in row)
        decimals = separator == "," and decimal == "," and '"' not in rows[0].text
        if width < 2 or loose or decimals:
            continue
        columns = zip(*(row for row in cells if len(row) == width), strict=True)
        numeric = sum(sum(map(is_number, column)) > agreeing / 2 for column in columns)
        titled = any(len(_split(name, separator)) == width for name in names)
        ranks[separator] = (numeric > 0, titled, agreeing, numeric)
    if not ranks:
        return ""
    best = max(ranks, key=lambda separator: ranks[separator])
    rivals = {separator for separator in ranks if ranks[separator] == ranks[best]}
    if best == "," and all(is_number(row.text) for row in rows):
        # Either two columns of whole numbers, or one column with decimal commas.
        if names:
            return "," if ranks[best][1] else ""
        if decimal is None and not counts_on([row.text.split(",")[0] for row in rows]):
            rivals.add("")
    if "," not in rivals or len(rivals) == 1:
        return best
    if decimal is None:
        raise InputError(
            f"file {path}: the comma in line {rows[0].number} ('{rows[0].text}') can be a decimal "
            "comma or separate columns: say which by decimal=',' or decimal='.', or by a line with "
            "the columns' names."
        )
    return "," if decimal == "." else next(iter(rivals - {","}))


def counts_on(cells: Sequence[str]) -> bool:
    """Return whether cells are whole numbers that rise by one, as slice numbers do.

    Examples
    --------
    >>> counts_on(["0099", "0100", "0101"]), counts_on(["1", "2", "4"]), counts_on(["1.0", "2.0"])
    (True, False, False)
    """
    if not all(re.fullmatch(r"\d{1,15}", cell) for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return all(after - before == 1 for before, after in pairwise(numbers))


def _decimal_comma(
    rows: list[_Line],
    cells: list[list[str]],
    separator: str,
    decimal: str | None,
    path: Path | str,
) -> bool:
    """Return whether commas in numbers are decimal ones."""
    if decimal is not None:
        return decimal == ","
    found = False
    for column in zip(*cells, strict=True):
        numbers = [(row, cell) for row, cell in zip(rows, column, strict=True) if is_number(cell)]
        commas = [(row, cell) for row, cell in numbers if "," in cell]
        points = [(row, cell) for row, cell in numbers if "." in cell]
        if commas and points:
            raise InputError(
                f"file {path}: line {commas[0][0].number} has a decimal comma "
                f"('{commas[0][1]}'), but line {points[0][0].number} a point ('{points[0][1]}')."
            )
        if commas and separator != ";" and all(map(_grouped, (cell for _, cell in commas))):
            raise InputError(
                f"file {path}: the comma in line {commas[0][0].number} ('{commas[0][1]}') can be a "
                "decimal comma or group thousands: say which by decimal=',' or decimal='.'."
            )
        found = found or bool(commas)
    return found


def _grouped(cell: str) -> bool:
    """Return whether the comma of a number can group thousands."""
    try:
        parse_number(split_length(cell)[0])
    except InputError:
        return True
    return False


def _titles(
    head: list[_Line], separator: str, width: int, path: Path | str
) -> tuple[str, ...] | None:
    """Return the names of the columns, if there are any."""
    names = [line for line in head if not line.comment]
    if names:
        titles = _split(names[-1].text, separator)
        if len(titles) != width:
            raise InputError(
                f"file {path}: line {names[-1].number} ('{names[-1].text}') has "
                f"{_columns(len(titles))}, but the lines below it have {width}; a remark must "
                "begin with #."
            )
        units = [title.strip("[](){}<> -") for title in titles]
        above = _split(names[-2].text, separator) if len(names) > 1 else []
        only_units = all(not unit or unit_exponent(unit) is not None for unit in units)
        if only_units and any(units) and len(above) == width:
            pairs = zip(above, units, strict=True)
            return tuple(f"{name} [{unit}]" if unit else name for name, unit in pairs)
        if len(above) == width or any(title.lower() in _NO_VALUE for title in titles):
            raise InputError(
                f"file {path}: line {names[-1].number} ('{names[-1].text}') stands where the first "
                "row is wanted, but holds no number; a remark must begin with #."
            )
        return tuple(titles)
    for line in reversed(head):
        titles = _split(line.text, separator)
        kinds = {read_title(title).kind for title in titles}
        if len(titles) == width and kinds & {"depth", "thickness"}:
            return tuple(titles)
    return None
