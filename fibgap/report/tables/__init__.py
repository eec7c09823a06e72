"""Tables: ours beside the published ones, in CSV, Markdown, LaTeX and HTML."""

from fibgap.report.tables.agreement import (
    PUBLISHED_DATASETS,
    agreement,
    agreement_sentences,
    ordering,
)
from fibgap.report.tables.layout import Block, Group, Table
from fibgap.report.tables.listings import (
    agreement_table,
    comparison_table,
    frame_table,
    share_table,
    win_table,
)
from fibgap.report.tables.paper import build_table, mark_best, summarise
from fibgap.report.tables.writers import (
    replace_file,
    to_csv,
    to_html,
    to_latex,
    to_markdown,
    write_tables,
)

__all__ = [
    "PUBLISHED_DATASETS",
    "Block",
    "Group",
    "Table",
    "agreement",
    "agreement_sentences",
    "agreement_table",
    "build_table",
    "comparison_table",
    "frame_table",
    "mark_best",
    "ordering",
    "replace_file",
    "share_table",
    "summarise",
    "to_csv",
    "to_html",
    "to_latex",
    "to_markdown",
    "win_table",
    "write_tables",
]
