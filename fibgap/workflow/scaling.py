"""What a larger experiment needs, from what a smaller one was measured to cost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fibgap.errors import InputError

COLUMNS = (
    *("run", "side", "datasets", "gpu", "step", "jobs"),
    *("wall_s", "cpu_s", "peak_mb", "mb_a_dataset", "fixed_share"),
)
#: Steps that are there once an experiment, however many datasets it has.
ONCE = (
    "generate_training_volumes",
    "extract_planes",
    "split_planes",
    "train_network",
    "plot_history",
    "export_showcase",
    "aggregate_metrics",
    "make_tables",
    "plot_figures",
    "write_report",
)
#: Steps whose work grows faster than the voxels of a dataset, by the power of the voxels. Waves
#: are summed by an FFT, n log n: 1.06 between boxes of 192 and of 1536. Splines multiply all
#: missing layers by all slices, and curves have as many lags as half a side: once more the side.
STEEPER = {"generate_volumes": 1.06, "fill_gaps": 4 / 3, "measure": 4 / 3, "measure_truth": 4 / 3}
#: Steps that use a GPU where one is granted.
ON_GPU = ("infer", "train_network")
#: Steps whose files are as large as volumes; curves grow with the side only.
VOLUMES = (
    "generate_volumes",
    "mill_slices",
    "place_slices",
    "fill_gaps",
    "infer",
    "fill_holes",
)


@dataclass(frozen=True)
class Target:
    """The experiment to come.

    Attributes
    ----------
    datasets : int
        How many volumes.
    side : int
        Their side in voxels.
    shard_size : int
        Datasets that one job works on.
    """

    datasets: int = 2500
    side: int = 1024
    shard_size: int = 5


def read_measured(path: Path | str) -> pd.DataFrame:
    """Read measured costs, one row a run and step, with the columns of `COLUMNS`.

    Raises
    ------
    InputError
        If the file is missing, lacks a column, or has a size or number that is not above 0.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"file {path} with measured costs does not exist.")
    table = pd.read_csv(path)
    for column in COLUMNS:
        if column not in table:
            raise InputError(f"file {path} lacks the column '{column}'.")
    for column in ("side", "datasets", "jobs"):
        bad = table.loc[~(pd.to_numeric(table[column], errors="coerce") > 0), column]
        if not bad.empty:
            raise InputError(f"file {path}: {column} is {bad.iloc[0]}, but must be above 0.")
    return table


def measured_run(
    costs: Path | str, *, run: str, side: int, datasets: int, gpu: bool, fixed_share: float
) -> pd.DataFrame:
    """Return the rows of one run for the table of measured costs.

    Parameters
    ----------
    costs : path
        ``costs.csv`` of the run, from the rule make_costs.
    run : str
        A name for it.
    side, datasets : int
        Side of its volumes in voxels, and their number.
    gpu : bool
        Whether the steps of `ON_GPU` ran on a GPU.
    fixed_share : float
        Share of a measuring step's time that does not grow with the volume: D on a central cut.
    """
    table = pd.read_csv(costs)
    table = table[table["step"] != "all steps"].assign(
        run=run, side=side, datasets=datasets, gpu=gpu, fixed_share=0.0
    )
    table.loc[table["step"].isin(["measure", "measure_truth"]), "fixed_share"] = fixed_share
    return table[list(COLUMNS)].reset_index(drop=True)


def scale(row: pd.Series, target: Target) -> dict[str, float]:
    """Return what one step needs in the experiment to come.

    Parameters
    ----------
    row : pandas.Series
        A row of the measured costs, and "shards", their number in that run.
    target : Target
        What is to come.

    Returns
    -------
    dict
        jobs, gpu_h, cpu_h, job_h (wall hours of one job), disk_tb (if volumes are kept).

    Notes
    -----
    All is linear in the number of datasets. Time and room are linear in the voxels, but for
    `STEEPER`, the fixed share of measuring, and curves. Steps of `ONCE` stay as they are. Core
    hours are from the larger one of processor and wall time: the former is sampled and misses
    short jobs.
    """
    step = str(row["step"])
    voxels = (target.side / float(row["side"])) ** 3
    many, growth, jobs, disk = 1.0, 1.0, float(row["jobs"]), 0.0
    if step not in ONCE:
        many = target.datasets / float(row["datasets"])
        fixed = float(row["fixed_share"])
        growth = fixed + (1 - fixed) * voxels ** STEEPER.get(step, 1.0)
        jobs = jobs / float(row["shards"]) * math.ceil(target.datasets / target.shard_size)
        if not pd.isna(row["mb_a_dataset"]):
            larger = voxels if step in VOLUMES else voxels ** (1 / 3)
            disk = float(row["mb_a_dataset"]) * larger * target.datasets / 1e6
    wall_h = float(row["wall_s"]) * growth * many / 3600
    cpu_h = max(float(row["cpu_s"]), float(row["wall_s"])) * growth * many / 3600
    gpu_h = wall_h if bool(row["gpu"]) and step in ON_GPU else 0.0
    return {"jobs": jobs, "gpu_h": gpu_h, "cpu_h": cpu_h, "job_h": wall_h / jobs, "disk_tb": disk}


def needs(
    measured: pd.DataFrame, run: str, target: Target, memory_mb: Mapping[str, float]
) -> pd.DataFrame:
    """Return what every step of the experiment to come needs, the dearest first, and the sum.

    Parameters
    ----------
    measured : pandas.DataFrame
        See `read_measured`.
    run : str
        The run to start from.
    target : Target
        What is to come.
    memory_mb : mapping of str to float
        What the rules ask for a job of volumes of that side, by step.

    Returns
    -------
    pandas.DataFrame
        step, the columns of `scale`, and memory_gb.

    Raises
    ------
    InputError
        If there is no such run, or if it is not whole.
    """
    rows = measured[measured["run"] == run]
    if rows.empty:
        names = ", ".join(map(str, measured["run"].unique()))
        raise InputError(f"there is no run '{run}' among the measured costs; there are: {names}.")
    # One job a shard, whatever the arms.
    shards = rows.loc[rows["step"] == "generate_volumes", "jobs"]
    if shards.empty:
        raise InputError(f"the run '{run}' lacks the step generate_volumes.")
    table = pd.DataFrame(
        [
            {
                "step": row["step"],
                **scale(row, target),
                "memory_gb": memory_mb.get(str(row["step"]), float("nan")) / 1e3,
            }
            for _, row in rows.assign(shards=shards.iloc[0]).iterrows()
        ]
    ).sort_values("cpu_h", ascending=False, ignore_index=True)
    last = {
        "step": "all steps",
        **table[["jobs", "gpu_h", "cpu_h", "disk_tb"]].sum(),
        **table[["job_h", "memory_gb"]].max(),
    }
    return pd.concat([table, pd.DataFrame([last])], ignore_index=True)
