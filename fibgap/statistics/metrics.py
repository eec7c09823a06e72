"""The long table of metrics, one row per dataset and arm: its columns and its arrangement."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError

#: The row of the true volume: what a perfect reconstruction would reach.
TARGET = ORIGINAL
#: Errors that need no ground truth: the columns of the published tables.
ANISOTROPY_COLUMNS = ("anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d")
#: What only synthetic data allow to ask.
TRUTH_COLUMNS = (
    "truth_tpcf",
    "truth_lpf",
    "truth_d",
    "voxel_error",
    "dice",
    "solid_fraction",
)
#: Columns where more is better.
HIGHER_IS_BETTER = frozenset({"dice"})
#: Columns that describe and do not judge.
NEITHER_IS_BETTER = frozenset({"solid_fraction"})
#: Columns that count the layers which an arm filled, and no known one.
OF_FILLED_LAYERS = frozenset({"voxel_error", "dice"})

#: Columns whose names say too little with their underscores taken out.
_WORDS = {"dice": "Dice coefficient", "voxel_error_all": "voxel error in all layers"}


def column_words(column: str) -> str:
    """Name a column in words that fit into a sentence.

    Parameters
    ----------
    column : str
        A column of the metrics.

    Returns
    -------
    str
        Prose without an article.

    Examples
    --------
    >>> column_words("anisotropy_lpf"), column_words("truth_d"), column_words("voxel_error")
    ('LPF anisotropy error', 'D error against the truth', 'voxel error')
    """
    kind, _, measure = column.partition("_")
    if kind == "anisotropy":
        return f"{measure.upper()} anisotropy error"
    if kind == "truth":
        return f"{measure.upper()} error against the truth"
    return _WORDS.get(column, column.replace("_", " "))


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
