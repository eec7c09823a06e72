"""Tables as CSV, Markdown and LaTeX; `report.html` among the templates writes them as HTML."""

from collections.abc import Callable
from pathlib import Path

from fibgap.errors import InputError
from fibgap.io.files import write_aside
from fibgap.report.tables.cells import LATEX, MARKDOWN, Cell, Markup
from fibgap.report.tables.layout import Block, Table


def _row(cells: tuple[Cell, ...], markup: Markup) -> list[str]:
    return [cell.render(markup) for cell in cells]


def _title(table: Table) -> str:
    """Join name and caption: "Table S3. Caption"."""
    name = f"Table {table.name}" if table.name else ""
    return ". ".join(part for part in (name, table.caption) if part)


def to_csv(table: Table) -> str:
    """Return the numbers of a table as tidy CSV, one row per cell, empty where undefined."""
    return str(table.data.to_csv(index=False, float_format="%.10g", lineterminator="\n"))


def to_markdown(table: Table) -> str:
    """Return a table as Markdown, symbols as mathematics between dollar signs."""
    lines = [f"**{MARKDOWN.escape(_title(table))}**", ""] if _title(table) else []
    for block in table.blocks:
        if len(table.blocks) > 1:
            lines += [f"*{MARKDOWN.escape(block.title)}*", ""]
        header = [MARKDOWN.escape(block.stub)]
        for position, group in enumerate(block.groups):
            prefix = f"{MARKDOWN.escape(group.title)}: " if position and group.title else ""
            header += [prefix + text for text in _row(group.header, MARKDOWN)]
        lines.append("| " + " | ".join(header) + " |")
        words = [group.is_words(i) for group in block.groups for i in range(len(group.header))]
        lines.append("| --- |" + "".join(" --- |" if left else " ---: |" for left in words))
        for label, *groups in zip(
            block.labels, *(group.rows for group in block.groups), strict=True
        ):
            cells = [label.render(MARKDOWN)]
            cells += [text for row in groups for text in _row(row, MARKDOWN)]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
        lines += [f"- {MARKDOWN.escape(note)}" for note in block.notes]
        lines += [""] if block.notes else []
    lines += [f"- {MARKDOWN.escape(note)}" for note in table.footnotes]
    return "\n".join(lines).rstrip() + "\n"


def _latex_block(block: Block) -> list[str]:
    """Return one tabular: its groups below each other, shrunk to the line if too wide."""
    width = max(len(group.header) for group in block.groups)
    widest = max(block.groups, key=lambda group: len(group.header))
    columns = "".join("l" if widest.is_words(i) else "r" for i in range(width))

    def line(label: str, cells: tuple[Cell, ...]) -> str:
        filled = [label, *_row(cells, LATEX), *[""] * (width - len(cells))]
        return " & ".join(filled) + r" \\"

    lines = [
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l{columns}}}",
    ]
    for position, group in enumerate(block.groups):
        stub = LATEX.italic.format(LATEX.escape(group.title)) if group.title else ""
        lines.append(r"\midrule" if position else r"\toprule")
        lines.append(line(stub or LATEX.escape(block.stub), group.header))
        lines.append(r"\midrule")
        lines += [
            line(label.render(LATEX), row)
            for label, row in zip(block.labels, group.rows, strict=True)
        ]
    return [*lines, r"\bottomrule", r"\end{tabular}}"]


def _latex_note(note: str) -> str:
    return rf"{{\footnotesize\raggedright {LATEX.escape(note)}\par}}"


def to_latex(table: Table) -> str:
    """Return a table as a LaTeX float in the style of booktabs, to be read into a document."""
    lines = [
        r"% needs \usepackage{booktabs} and \usepackage{graphicx}",
        r"\begin{table}[htbp]",
        r"\centering",
    ]
    if table.caption:
        name = f" ({LATEX.escape(table.name)})" if table.name else ""
        lines.append(rf"\caption{{{LATEX.escape(table.caption)}{name}}}")
    for block in table.blocks:
        if len(table.blocks) > 1:
            lines.append(rf"\par\smallskip {LATEX.escape(block.title)}\par\smallskip")
        lines += _latex_block(block)
        lines += [r"\par\smallskip", *map(_latex_note, block.notes)]
    lines += map(_latex_note, table.footnotes)
    return "\n".join([*lines, r"\end{table}"]) + "\n"


WRITERS: dict[str, Callable[[Table], str]] = {
    ".csv": to_csv,
    ".md": to_markdown,
    ".tex": to_latex,
}


def write_tables(table: Table, *paths: Path | str) -> None:
    """Write a table to files, the format of each by its suffix.

    Parameters
    ----------
    table : Table
        The table.
    *paths : path-like
        Files that end in .csv, .md or .tex. Each appears complete or not at all.

    Raises
    ------
    InputError
        If a suffix names no format; then nothing is written.
    """
    for path in paths:
        if Path(path).suffix not in WRITERS:
            raise InputError(
                f"'{path}' names no format of tables; the suffix must be one of "
                f"{', '.join(WRITERS)}."
            )
    for path in paths:
        with write_aside(path) as aside:
            aside.write_bytes(WRITERS[Path(path).suffix](table).encode())
