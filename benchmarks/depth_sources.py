"""How well every source tells depths, by the plan of a sensitivity study; no volume is rebuilt.

Every point of every factor draws the slices of some datasets anew and tells their depths. Prints
one table per factor, errors of depths in nm; the target `sensitivity` has the volumes besides.

    python benchmarks/depth_sources.py [config/depths_sensitivity.yaml] [--datasets 5] [--out STEM]
"""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from fibgap import seeds
from fibgap.experiment.config import load
from fibgap.experiment.depth_sources import TRUE, depth_errors, estimate_depths, settings_of
from fibgap.experiment.sensitivity.plan import Setting, make_plan
from fibgap.experiment.sensitivity.summary import summarise_rows
from fibgap.report.tables import to_markdown, write_tables
from fibgap.report.tables.sensitivity import sensitivity_table
from fibgap.statistics import Bootstrap
from fibgap.synthetic.milling import mill_volume
from fibgap.synthetic.structure import Level, generate_volume


def told(config: dict[str, Any], truth: Any, setting: Setting, dataset: int) -> pd.DataFrame:
    """Return the errors of depths of every arm of a setting on one dataset."""
    voxel_nm, seed = config["generate_volumes"]["voxel_nm"], config["base_seed"]
    rng = seeds.generator(seed, "milling", dataset)
    stack = mill_volume(truth, setting.milling, voxel_nm=voxel_nm, rng=rng)
    steps = stack.depths_nm[1:] - stack.depths_nm[:-1]
    known = {"depths": setting.depths, "place_slices": {"nominal_nm": setting.nominal_nm}}
    rows = []
    arms = [arm for arm in config["arms"] if arm["name"] in setting.arms]
    for arm in (arm for arm in arms if arm["depths"] != TRUE):
        read = settings_of(known, arm["depths"])
        depths = estimate_depths(stack, arm["depths"], read, base_seed=seed, dataset=dataset)
        rows.append(
            {
                "arm": arm["name"],
                "dataset": dataset,
                **depth_errors(depths, stack.depths_nm),
                "milled_mean_voxels": steps.mean() / voxel_nm,
                "milled_relative_sd": steps.std() / steps.mean(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Tell depths at every point, and print their errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", nargs="?", default="config/depths_sensitivity.yaml")
    parser.add_argument("--datasets", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write STEM.md and STEM.csv, too")
    options = parser.parse_args()
    config = load(options.config)
    plan, structure = make_plan(config), config["generate_volumes"]
    rows: dict[str, list[pd.DataFrame]] = {name: [] for name in plan.settings}
    for dataset in range(options.datasets):
        truth = generate_volume(
            structure["shape"],
            [Level(**level) for level in structure["levels"]],
            voxel_nm=structure["voxel_nm"],
            box_factor=structure["box_factor"],
            seed=seeds.sequence(config["base_seed"], "evaluation_volumes", dataset),
        )
        for name, setting in plan.settings.items():
            rows[name].append(told(config, truth, setting, dataset))
    tables = {name: pd.concat(parts) for name, parts in rows.items()}
    found = pd.concat(
        table[table["arm"] == case.arm].assign(factor=case.factor, value=case.value)
        for case in plan.cases
        if len(table := tables[case.setting])
    )
    table = sensitivity_table(summarise_rows(found, Bootstrap(base_seed=config["base_seed"])))
    print(to_markdown(table))
    if options.out:
        write_tables(table, *(options.out.with_suffix(suffix) for suffix in (".md", ".csv")))


if __name__ == "__main__":
    main()
