"""What the steps cost: time from Snakemake's benchmark files and the jobs' logs, memory, room."""

from pathlib import Path

import pandas as pd

from fibgap.errors import InputError
from fibgap.io.shards import shard_datasets
from fibgap.report.tables import Table, frame_table
from fibgap.workflow.job_log import read_usage

#: The step whose files lie in a folder of the results.
_STEPS = {
    "volumes": "generate_volumes",
    "training_volumes": "generate_training_volumes",
    "slices": "mill_slices",
    "placed": "place_slices",
    "planes": "extract_planes",
    "networks": "train_network",
    "filled": "fill_gaps",
    "repaired": "fill_holes",
    "measures": "measure",
    "tables": "make_tables",
    "figures": "plot_figures",
    "showcase": "export_showcase",
    "report.html": "write_report",
}


def collect_costs(folder: Path | str, logs: Path | str | None = None) -> pd.DataFrame:
    """Sum up by step what its jobs cost.

    Parameters
    ----------
    folder : path
        Holds one folder (or one file) a step, with tab-separated files of the columns "s" (wall
        time in seconds), "cpu_time" (seconds) and "max_rss" (MB).
    logs : path
        Holds the logs of the jobs by the same scheme. Processor time and peak memory of a job are
        those of its log, where it has them: Snakemake samples both, every 30 s after a while, and
        misses what lies between.

    Returns
    -------
    pandas.DataFrame
        One row per step, the dearest first: step, jobs, wall_s, cpu_s, peak_mb (of one job); and a
        last row "all steps". Empty if there are no files.
    """
    folder = Path(folder)
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        step = path.relative_to(folder).with_suffix("").parts[0]
        if step == "make_costs":  # the asking is no part of the answer
            continue
        # A job too short to be sampled has "NA" or "-" for its memory.
        table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
        cpu_s, peak_mb = table["cpu_time"].sum(), table["max_rss"].max()
        if logs is not None:
            log = Path(logs) / path.relative_to(folder).with_suffix(".log")
            cpu_s, peak_mb = read_usage(log) or (cpu_s, peak_mb)
        wall_s = table["s"].sum()
        rows.append({"step": step, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb})
    if not rows:
        return pd.DataFrame(columns=["step", "jobs", "wall_s", "cpu_s", "peak_mb"])
    costs = (
        pd.DataFrame(rows)
        .groupby("step", as_index=False)
        .agg(
            jobs=("wall_s", "size"),
            wall_s=("wall_s", "sum"),
            cpu_s=("cpu_s", "sum"),
            peak_mb=("peak_mb", "max"),
        )
        .sort_values("wall_s", ascending=False, ignore_index=True)
    )
    total = {
        "step": "all steps",
        "jobs": costs["jobs"].sum(),
        "wall_s": costs["wall_s"].sum(),
        "cpu_s": costs["cpu_s"].sum(),
        "peak_mb": costs["peak_mb"].max(),
    }
    return pd.concat([costs, pd.DataFrame([total])], ignore_index=True)


def job_seconds(benchmark: Path | str) -> float | None:
    """Return the wall time of a job in seconds from its benchmark file, None without one."""
    if not Path(benchmark).is_file():
        return None
    return float(pd.read_csv(benchmark, sep="\t")["s"].sum())


def step_of(path: Path, benchmarks: Path) -> str | None:
    """Return the step that a file of the results is charged to, None for logs and their kind.

    Parameters
    ----------
    path : path
        Relative to the results.
    benchmarks : path
        Benchmark files tell which arms a network filled.
    """
    step = _STEPS.get(path.parts[0])
    if path.parts[0] == "stacks":
        return _step_of_stacks(path, benchmarks)
    if path.parts[0] == "filled" and (benchmarks / "infer" / path.parts[1]).is_dir():
        return "infer"
    if path.parts[:2] == ("measures", "Original"):
        return "measure_truth"
    return step


def _step_of_stacks(path: Path, benchmarks: Path) -> str:
    """Return the step that a file of own stacks is charged to."""
    _, stack, *inside = path.parts
    if not inside:
        return "report_stacks" if stack in ("report.html", "stacks.csv") else "check_stack"
    if inside[0] == "measures":
        return "measure_stack"
    filler = inside[0].split(".")[0].removesuffix("_filled")
    by_network = (benchmarks / "infer_stack" / stack / f"{filler}.tsv").is_file()
    return "infer_stack" if by_network else "fill_stack"


def disk_usage(results: Path | str) -> pd.DataFrame:
    """Add up the files of an experiment by step.

    Parameters
    ----------
    results : path
        The folder of an experiment.

    Returns
    -------
    pandas.DataFrame
        step, disk_mb (what lies there now, in 10^6 bytes), datasets (how many different ones the
        shards of the step hold), mb_a_dataset (of all arms together; NaN without shards).
    """
    results = Path(results)
    size: dict[str, int] = {}
    held: dict[str, set[int]] = {}
    for path in sorted(results.rglob("*")):
        if not path.is_file():
            continue
        step = step_of(path.relative_to(results), results / "benchmarks")
        if step is None:
            continue
        size[step] = size.get(step, 0) + path.stat().st_size
        if path.suffix == ".h5" and path.stem.isdigit():
            held.setdefault(step, set()).update(shard_datasets(path))
    rows = [
        {
            "step": step,
            "disk_mb": total / 1e6,
            "datasets": len(held.get(step, ())),
            "mb_a_dataset": total / 1e6 / len(held[step]) if held.get(step) else float("nan"),
        }
        for step, total in size.items()
    ]
    return pd.DataFrame(rows, columns=["step", "disk_mb", "datasets", "mb_a_dataset"])


def stage_costs(results: Path | str) -> pd.DataFrame:
    """Return what every step of an experiment cost, in time, memory and room.

    Parameters
    ----------
    results : path
        The folder of an experiment, with its benchmark files and its logs.

    Returns
    -------
    pandas.DataFrame
        The columns of `collect_costs` and of `disk_usage`, and cpu_h (hours of processor time);
        the dearest step first, a last row "all steps". A step whose volumes are gone has NaN for
        its room.

    Raises
    ------
    InputError
        If nothing has run in the folder.
    """
    results = Path(results)
    costs = collect_costs(results / "benchmarks", results / "logs")
    if costs.empty:
        raise InputError(f"there are no benchmark files in {results / 'benchmarks'}: run first.")
    room = disk_usage(results)
    table = costs.merge(room, how="left", on="step")
    table.loc[table["step"] == "all steps", ["disk_mb", "mb_a_dataset"]] = [
        room["disk_mb"].sum(),
        room["mb_a_dataset"].sum(),
    ]
    table.insert(4, "cpu_h", table["cpu_s"] / 3600)
    return table


def costs_and_room(results: Path | str) -> Table:
    """Return what every step of an experiment cost as a table, with the room that it takes.

    Parameters
    ----------
    results : path
        The folder of an experiment.

    Raises
    ------
    InputError
        If nothing has run in the folder.
    """
    return frame_table(
        stage_costs(results),
        caption=f"What every step of {results} cost: wall and processor time of all its jobs, peak "
        "memory of one job, and the files that it has now, in all and per dataset",
        headings={
            "step": "Step",
            "jobs": "Jobs",
            "wall_s": "Wall time, s",
            "cpu_s": "CPU time, s",
            "cpu_h": "CPU time, h",
            "peak_mb": "Peak memory, MB",
            "disk_mb": "Disk, MB",
            "datasets": "Datasets",
            "mb_a_dataset": "Disk per dataset, MB",
        },
        decimals={
            "wall_s": 0,
            "cpu_s": 0,
            "cpu_h": 3,
            "peak_mb": 0,
            "disk_mb": 1,
            "datasets": 0,
            "mb_a_dataset": 3,
        },
    )


def cost_table(folder: Path | str) -> Table | None:
    """Return what every step cost as a table, None if there are no benchmark files.

    The logs lie in a folder beside that of the benchmark files.
    """
    costs = collect_costs(folder, Path(folder).parent / "logs")
    if costs.empty:
        return None
    return frame_table(
        costs,
        caption="What every step cost: wall and processor time of all its jobs, and the peak "
        "memory of one job.",
        headings={
            "step": "Step",
            "jobs": "Jobs",
            "wall_s": "Wall time / s",
            "cpu_s": "CPU time / s",
            "peak_mb": "Peak memory / MB",
        },
        decimals={"wall_s": 0, "cpu_s": 0, "peak_mb": 0},
    )
