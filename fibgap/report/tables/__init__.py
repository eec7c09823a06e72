"""Tables: ours beside the published ones, as numbers and in the formats that people read.

`paper` has the tables in the shape of the published ones, `listings` the tables of findings,
`by_source`, `extended` (the measures beyond the paper's), `ablations` and `sensitivity` those of
their studies. All are arranged from tidy frames, which become their CSV, so that a table that is
read back from its CSV is the same table.
"""

from fibgap.report.tables.agreement import (
    PUBLISHED_DATASETS,
    agreement,
    agreement_table,
    ordering,
)
from fibgap.report.tables.by_source import by_source_table
from fibgap.report.tables.extended import extended_frame, extended_table
from fibgap.report.tables.layout import Block, Group, Table
from fibgap.report.tables.listings import (
    comparison_table,
    equivalence_table,
    frame_table,
    names_table,
    share_table,
    win_table,
)
from fibgap.report.tables.paper import mark_best, paper_frame, paper_table, select_arms
from fibgap.report.tables.writers import (
    to_csv,
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
    "agreement_table",
    "by_source_table",
    "comparison_table",
    "equivalence_table",
    "extended_frame",
    "extended_table",
    "frame_table",
    "mark_best",
    "names_table",
    "ordering",
    "paper_frame",
    "paper_table",
    "select_arms",
    "share_table",
    "to_csv",
    "to_latex",
    "to_markdown",
    "win_table",
    "write_tables",
]
