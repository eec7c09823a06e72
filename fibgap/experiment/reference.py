"""Published values, read from `config/reference`."""

from pathlib import Path

import pandas as pd

from fibgap.errors import InputError


def read_reference(*paths: Path | str) -> pd.DataFrame:
    """Read published values, each once though it may stand in several tables.

    Parameters
    ----------
    *paths : path-like
        CSV files with columns `arm`, `measure`, `mean`, `sd`; lines that begin with # are comments.

    Returns
    -------
    pandas.DataFrame
        These four columns, in the order of the files.

    Raises
    ------
    InputError
        If a column is missing or if two tables give different values for the same cell.
    """
    frames = []
    for path in paths:
        frame = pd.read_csv(path, comment="#")
        for column in ("arm", "measure", "mean", "sd"):
            if column not in frame.columns:
                raise InputError(f"the reference '{path}' has no column '{column}'.")
        frames.append(frame[["arm", "measure", "mean", "sd"]])
    reference = pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)
    twice = reference[reference.duplicated(["arm", "measure"])]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(f"the references differ in {row['measure']} of arm '{row['arm']}'.")
    return reference
