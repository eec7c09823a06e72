"""What a table consists of, before any format."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from fibgap.errors import InputError
from fibgap.report.tables.cells import Arm, Cell, Heading, Text


@dataclass(frozen=True)
class Group:
    """Columns that belong together, such as those of this run or those of the paper.

    `title` is empty where one group fills the block; `rows` has as many rows as the block has
    labels and as many cells a row as `header`.
    """

    title: str
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def is_words(self, column: int) -> bool:
        """Say whether a column holds text, set flush left, or numbers, set flush right."""
        return bool(self.rows) and isinstance(self.rows[0][column], Text | Arm | Heading)


@dataclass(frozen=True)
class Block:
    """Rows with their labels and groups of columns.

    `key` is the name under which a report asks for the block, `stub` the heading of the labels.
    HTML and Markdown set the groups side by side, LaTeX one below the other.
    """

    key: str
    title: str
    stub: str
    labels: tuple[Cell, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table: `name` ("S3"), caption, blocks, footnotes, and its numbers as a tidy frame."""

    name: str
    caption: str
    blocks: tuple[Block, ...]
    footnotes: tuple[str, ...] = ()
    data: pd.DataFrame = field(default_factory=pd.DataFrame)

    def _repr_markdown_(self) -> str:
        """Show the table in a notebook."""
        from fibgap.report.tables.writers import to_markdown

        return to_markdown(self)

    def has(self, key: str) -> bool:
        """Say whether the table has a block of that key."""
        return any(block.key == key for block in self.blocks)

    def only(self, *keys: str) -> "Table":
        """Return the table with some of its blocks, by their keys.

        Raises
        ------
        InputError
            If there is no block of that key.
        """
        present = {block.key: block for block in self.blocks}
        for key in keys:
            if key not in present:
                raise InputError(f"table {self.name} has no block '{key}'.")
        blocks = tuple(present[key] for key in keys)
        return Table(self.name, self.caption, blocks, self.footnotes, self.data)


def listing(
    key: str,
    title: str,
    header: Sequence[str],
    rows: Sequence[tuple[Cell, ...]],
    notes: Sequence[str] = (),
) -> Block:
    """Return a block of one group; the first cell of a row is its label."""
    group = Group("", tuple(Text(text) for text in header[1:]), tuple(row[1:] for row in rows))
    return Block(key, title, header[0], tuple(row[0] for row in rows), (group,), tuple(notes))
