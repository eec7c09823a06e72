"""Tables as CSV, Markdown, LaTeX and HTML."""

from collections.abc import Callable
from pathlib import Path

from fibgap.errors import InputError
from fibgap.io.files import write_aside
from fibgap.report.tables.cells import HTML, LATEX, MARKDOWN, Arm, Cell, Markup, Text
from fibgap.report.tables.layout import Block, Group, Table


def replace_file(path: Path | str, content: str | bytes) -> None:
    """Write a file that appears complete or not at all.

    Parameters
    ----------
    path : path-like
        The file; its folder is made if it is missing.
    content : str or bytes
        Text is written as UTF-8 with line feeds.
    """
    with write_aside(path) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)


def _row(cells: tuple[Cell, ...], markup: Markup) -> list[str]:
    return [cell.render(markup) for cell in cells]


def _title(table: Table) -> str:
    """Join name and caption: "Table S3. Caption"."""
    name = f"Table {table.name}" if table.name else ""
    return ". ".join(part for part in (name, table.caption) if part)


def to_csv(table: Table) -> str:
    """Return the numbers of a table as tidy CSV, one row a cell, empty where undefined."""
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
        words = [_is_words(group, i) for group in block.groups for i in range(len(group.header))]
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


def _is_words(group: Group, column: int) -> bool:
    """Say whether a column holds text, set flush left, or numbers, set flush right."""
    return bool(group.rows) and isinstance(group.rows[0][column], Text | Arm)


def _latex_block(block: Block) -> list[str]:
    """Return one tabular: its groups below each other, shrunk to the line if too wide."""
    width = max(len(group.header) for group in block.groups)
    widest = max(block.groups, key=lambda group: len(group.header))
    columns = "".join("l" if _is_words(widest, i) else "r" for i in range(width))

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


def _html_class(group: Group, column: int) -> str:
    """Return the classes of a cell: "first" of its group, "words" if flush left."""
    names = [*(["first"] if column == 0 else []), *(["words"] if _is_words(group, column) else [])]
    return f' class="{" ".join(names)}"' if names else ""


def _html_block(block: Block) -> list[str]:
    """Return one HTML table whose groups stand side by side."""
    lines = ['<div class="scroll"><table>', "<thead>"]
    stub = HTML.escape(block.stub)
    if len(block.groups) > 1:
        lines.append(f'<tr><th rowspan="2" scope="col">{stub}</th>')
        for group in block.groups:
            span = f'colspan="{len(group.header)}" scope="colgroup"'
            lines.append(f'<th class="group" {span}>{HTML.escape(group.title)}</th>')
        lines.append("</tr><tr>")
    else:
        lines.append(f'<tr><th scope="col">{stub}</th>')
    for group in block.groups:
        for column, text in enumerate(_row(group.header, HTML)):
            lines.append(f'<th{_html_class(group, column)} scope="col">{text}</th>')
    lines += ["</tr>", "</thead>", "<tbody>"]
    for index, label in enumerate(block.labels):
        lines.append(f'<tr><th scope="row">{label.render(HTML)}</th>')
        for group in block.groups:
            for column, text in enumerate(_row(group.rows[index], HTML)):
                lines.append(f"<td{_html_class(group, column)}>{text}</td>")
        lines.append("</tr>")
    return [*lines, "</tbody>", "</table></div>"]


def to_html(table: Table) -> str:
    """Return a table as an HTML fragment without styles: a figure with its caption and notes."""
    lines = ['<figure class="table">']
    if _title(table):
        lines.append(f"<figcaption>{HTML.escape(_title(table))}</figcaption>")
    for block in table.blocks:
        if len(table.blocks) > 1:
            lines.append(f'<p class="block">{HTML.escape(block.title)}</p>')
        lines += _html_block(block)
        lines += [f'<p class="note">{HTML.escape(note)}</p>' for note in block.notes]
    lines += [f'<p class="note">{HTML.escape(note)}</p>' for note in table.footnotes]
    return "\n".join([*lines, "</figure>"]) + "\n"


WRITERS: dict[str, Callable[[Table], str]] = {
    ".csv": to_csv,
    ".md": to_markdown,
    ".tex": to_latex,
    ".html": to_html,
}


def write_tables(table: Table, *paths: Path | str) -> None:
    """Write a table to files, the format of each by its suffix.

    Parameters
    ----------
    table : Table
        The table.
    *paths : path-like
        Files that end in .csv, .md, .tex or .html. Each appears complete or not at all.

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
        replace_file(path, WRITERS[Path(path).suffix](table))
