"""Ablations: arms that differ from a base in one thing, and what that changes."""

from collections.abc import Mapping, Sequence

import pandas as pd

from fibgap.errors import InputError
from fibgap.statistics.intervals import bootstrap_interval
from fibgap.statistics.metrics import by_dataset
from fibgap.tables.cells import Arm, Cell, Heading, Text, number
from fibgap.tables.layout import Block, Group, Table

#: What every ablation is judged by, in blocks of a table.
COLUMNS = {
    "Against the truth": ("voxel_error", "truth_tpcf", "truth_lpf", "truth_d", "solid_fraction"),
    "Anisotropy": ("anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d"),
}


def ablation_frame(
    metrics: pd.DataFrame,
    ablations: Sequence[Mapping[str, str]],
    *,
    confidence: float,
    n_resamples: int,
    base_seed: int,
) -> pd.DataFrame:
    """Compare every ablation with its base, dataset by dataset.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    ablations : sequence of dict
        "arm", "base" and "change" of each.
    confidence, n_resamples, base_seed
        Of the intervals over datasets, see `fibgap.statistics.intervals.bootstrap_interval`.

    Returns
    -------
    pandas.DataFrame
        One row an ablation and measure: arm, base, change, measure, mean of the arm, mean of the
        base, difference (arm minus base), low, high, n, method. Measures that were not taken are
        left out.

    Raises
    ------
    InputError
        If there are no ablations, or an arm has no rows.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 1, 0, 1], "arm": list("AABB"), "voxel_error": [0.1, 0.2, 0.2, 0.3]}
    ... )
    >>> row = {"arm": "B", "base": "A", "change": "other"}
    >>> frame = ablation_frame(metrics, [row], confidence=0.95, n_resamples=99, base_seed=0)
    >>> frame[["mean", "difference", "low", "high"]].round(3).values.tolist()
    [[0.25, 0.1, 0.1, 0.1]]
    """
    if not ablations:
        raise InputError("configuration: ablations is empty, so there is nothing to compare.")
    rows = []
    for ablation in ablations:
        arm, base = ablation["arm"], ablation["base"]
        for column in (name for names in COLUMNS.values() for name in names):
            if column not in metrics.columns or metrics[column].isna().all():
                continue
            wide = by_dataset(metrics, column, [arm, base]).dropna()
            # Rounded far below any error of a measure, so that equal differences are equal.
            difference = (wide[arm] - wide[base]).round(12)
            interval = bootstrap_interval(
                difference, confidence=confidence, n_resamples=n_resamples, base_seed=base_seed
            )
            rows.append(
                {
                    **{key: ablation[key] for key in ("arm", "base", "change")},
                    "measure": column,
                    "mean": wide[arm].mean(),
                    "base_mean": wide[base].mean(),
                    "difference": difference.mean(),
                    "low": interval.low,
                    "high": interval.high,
                    "n": interval.n,
                    "method": interval.method,
                }
            )
    return pd.DataFrame(rows)


def _cell(row: Mapping[str, float]) -> Text:
    """Return mean and difference with its interval; strong where the interval leaves out zero."""
    low, high = row["low"], row["high"]
    limits = f"{number(low, signed=True)}, {number(high, signed=True)}"
    text = f"{number(row['mean'])} ({number(row['difference'], signed=True)}: {limits})"
    return Text(text, strong=bool(low > 0 or high < 0))


def ablation_table(frame: pd.DataFrame, *, confidence: float) -> Table:
    """Arrange `ablation_frame` for readers.

    Returns
    -------
    Table
        Two blocks; bases first, with their means alone.
    """
    named = frame.drop_duplicates(["arm", "base"])
    blocks = []
    for title, columns in COLUMNS.items():
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
        f"and its interval of {100 * confidence:g} % over datasets "
        f"({', '.join(dict.fromkeys(frame['method']))}). Bold: the interval leaves out zero.",
        "Every network was trained once: an interval over datasets does not hold what another "
        "seed of the training would change.",
    )
    return Table("", "Ablations", tuple(blocks), notes, frame)
