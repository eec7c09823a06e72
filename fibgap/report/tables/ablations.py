"""The table of ablations."""

from collections.abc import Mapping

import pandas as pd

from fibgap.experiment.ablations import blocks as judged_by
from fibgap.report.tables.cells import Arm, Cell, Heading, Text, number
from fibgap.report.tables.layout import Block, Group, Table


def _cell(row: Mapping[str, float]) -> Text:
    """Return mean and difference with its interval; strong where the interval leaves out zero."""
    low, high = row["low"], row["high"]
    limits = f"{number(low, signed=True)}, {number(high, signed=True)}"
    text = f"{number(row['mean'])} ({number(row['difference'], signed=True)}: {limits})"
    return Text(text, strong=bool(low > 0 or high < 0))


def ablation_table(frame: pd.DataFrame) -> Table:
    """Arrange `ablation_frame` for readers.

    Returns
    -------
    Table
        Two blocks; bases first, with their means alone.
    """
    named = frame.drop_duplicates(["arm", "base"])
    blocks = []
    for title, columns in judged_by().items():
        present = [name for name in columns if (frame["measure"] == name).any()]
        if not present:
            continue
        labels: list[Cell] = []
        rows: list[tuple[Cell, ...]] = []
        for base in dict.fromkeys(named["base"]):
            own = frame[frame["base"] == base].drop_duplicates("measure").set_index("measure")
            labels.append(Arm(base))
            means = [Text(number(own.loc[name, "base_mean"])) for name in present]
            rows.append((Text("base"), *means))
            for arm, change in named.loc[named["base"] == base, ["arm", "change"]].to_numpy():
                chosen = frame[(frame["arm"] == arm) & (frame["base"] == base)]
                values = chosen.set_index("measure").to_dict("index")
                labels.append(Arm(arm))
                rows.append((Text(change), *(_cell(values[name]) for name in present)))
        header: tuple[Cell, ...] = (Text("Change"), *(Heading(name) for name in present))
        block = Block(title.lower(), title, "Arm", tuple(labels), (Group("", header, tuple(rows)),))
        blocks.append(block)
    count = int(frame["n"].max())
    notes = (
        f"Mean over {count} datasets; in brackets the mean of the paired differences to the base "
        f"and its interval of {100 * frame['confidence'].iloc[0]:g} % over datasets "
        f"({', '.join(dict.fromkeys(frame['method']))}). Bold: the interval leaves out zero.",
        "Every network was trained once: an interval over datasets does not hold what another "
        "seed of the training would change.",
    )
    return Table("", "Ablations", tuple(blocks), notes, frame)
