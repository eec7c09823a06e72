"""What the steps cost, from the benchmark files that Snakemake leaves."""

from pathlib import Path

import pandas as pd


def collect_costs(folder: Path | str) -> pd.DataFrame:
    """Sum up benchmark files by step.

    Parameters
    ----------
    folder : path
        Holds one folder (or one file) a step, with tab-separated files of the columns "s" (wall
        time in seconds), "cpu_time" (seconds) and "max_rss" (MB).

    Returns
    -------
    pandas.DataFrame
        One row a step, the dearest first: step, jobs, wall_s, cpu_s, peak_mb (of one job); and a
        last row "all steps". Empty if there are no files.
    """
    folder = Path(folder)
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        step = path.relative_to(folder).with_suffix("").parts[0]
        # A job too short to be sampled has "NA" or "-" for its memory.
        table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
        rows.append(
            {
                "step": step,
                "wall_s": table["s"].sum(),
                "cpu_s": table["cpu_time"].sum(),
                "peak_mb": table["max_rss"].max(),
            }
        )
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
