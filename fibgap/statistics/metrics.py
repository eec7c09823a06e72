"""The columns of the table of datasets: everything that is known of a column stands here.

Tables, figures and documents ask `column`. A measure that is registered in `fibgap.measures` has
its two columns, ``anisotropy_NAME`` and ``truth_NAME``, without being named here. Those of the
measures of the extended table stand in that table alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.measures import measure_names, measure_symbol

#: The row of the true volume: what a perfect reconstruction would reach.
TARGET = ORIGINAL


@dataclass(frozen=True)
class Column:
    """What tables and figures need to know of a column.

    Attributes
    ----------
    name : str
        Its name in the table of datasets.
    words : str
        Its name in a sentence, without an article.
    letter, measure : str
        Of its symbol, "e" and "TPCF"; empty where the words stand in its place.
    better : {"lower", "higher", None}
        Which values are better; None for what describes and does not judge.
    of : str
        What it is taken of: a heading over columns that belong together.
    decimals : int
        Digits after the point.
    """

    name: str
    words: str
    letter: str = ""
    measure: str = ""
    better: Literal["lower", "higher"] | None = "lower"
    of: str = "Whole volume"
    decimals: int = 4

    @property
    def title(self) -> str:
        """The words with a capital letter."""
        return self.words[0].upper() + self.words[1:]


#: What is no measure along an axis.
_BY_VOXEL = (
    Column("voxel_error", "voxel error", of="Filled layers"),
    Column("dice", "Dice coefficient", better="higher", of="Filled layers"),
    Column("solid_fraction", "solid fraction", better=None),
)
#: How far depths are off, in nm; what only runs with a choice of depths have.
_BY_DEPTH = (
    Column("depth_rms_nm", "rms error of depths / nm", of="Depths", decimals=2),
    Column("depth_bias_nm", "mean error of depths / nm", better=None, of="Depths", decimals=2),
    Column("depth_drift_nm", "drift / nm", of="Depths", decimals=2),
    Column("thickness_rms_nm", "rms error of thicknesses / nm", of="Depths", decimals=2),
    Column("depth_sd_nm", "stated sd of depths / nm", better=None, of="Depths", decimals=2),
)
_ALL_LAYERS = Column("voxel_error_all", "voxel error in all layers")
_OTHERS = {entry.name: entry for entry in (*_BY_VOXEL, *_BY_DEPTH, _ALL_LAYERS)}


def column(name: str) -> Column:
    """Return what is known of a column of the table of datasets.

    Parameters
    ----------
    name : str
        Name of the column; one that is not known is an error whose name are its words.

    Returns
    -------
    Column
        Its entry.

    Examples
    --------
    >>> column("anisotropy_lpf").words, column("truth_d").words, column("dice").better
    ('LPF anisotropy error', 'D error against the truth', 'higher')
    """
    kind, _, measure = name.partition("_")
    symbol = measure_symbol(measure)
    if kind == "anisotropy":
        return Column(name, f"{symbol} anisotropy error", "e", symbol, of="Anisotropy")
    if kind == "truth":
        return Column(name, f"{symbol} error against the truth", "ε", symbol, of="Along z")
    return _OTHERS.get(name, Column(name, name.replace("_", " ")))


def anisotropy_columns() -> tuple[str, ...]:
    """Return the errors that need no ground truth: the columns of the published tables."""
    return tuple(f"anisotropy_{name}" for name in measure_names(extended=False))


def truth_columns() -> tuple[str, ...]:
    """Return what only a known truth allows to ask."""
    along = (f"truth_{name}" for name in measure_names(extended=False))
    return (*along, *(entry.name for entry in _BY_VOXEL))


def depth_columns() -> tuple[str, ...]:
    """Return what runs with a choice of depths have besides: errors that wrong depths make."""
    return (_ALL_LAYERS.name, *(entry.name for entry in _BY_DEPTH))


def measured(metrics: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Return those of some columns that have a value anywhere.

    Examples
    --------
    >>> measured(pd.DataFrame({"dice": [0.9], "truth_d": [np.nan]}), ["dice", "truth_d", "e"])
    ['dice']
    """
    return [name for name in columns if name in metrics.columns and metrics[name].notna().any()]


def by_dataset(metrics: pd.DataFrame, column: str, arms: Sequence[str]) -> pd.DataFrame:
    """Arrange one column of the metrics as datasets by arms, datasets in increasing order.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and `column`.
    column : str
        The measure.
    arms : sequence of str
        Arms in the order of the resulting columns.

    Returns
    -------
    pandas.DataFrame
        Shape (datasets, arms), float64, NaN where undefined.

    Raises
    ------
    InputError
        If a column or an arm is missing, or if a dataset and arm come twice.
    """
    for needed in ("dataset", "arm", column):
        if needed not in metrics.columns:
            raise InputError(f"the metrics have no column '{needed}'.")
    present = set(metrics["arm"])
    for arm in arms:
        if arm not in present:
            raise InputError(f"the metrics have no rows of the arm '{arm}'.")
    chosen = metrics[metrics["arm"].isin(list(arms))]
    twice = chosen.duplicated(["dataset", "arm"])
    if twice.any():
        row = chosen[twice].iloc[0]
        raise InputError(f"dataset {row['dataset']} has more than one row of arm '{row['arm']}'.")
    wide = chosen.pivot(index="dataset", columns="arm", values=column).sort_index()
    return wide[list(arms)].astype(np.float64)
