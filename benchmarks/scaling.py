r"""Work out what 2,500 datasets of 1024^3 need, and write it into docs/scaling.md.

The measured costs lie in benchmarks/measured_costs.csv; the memory of a job is what the rules ask
for volumes of that size. A new run is added from the table that "snakemake costs" writes:

    python benchmarks/scaling.py
    python benchmarks/scaling.py --add results/paper/costs/costs.csv --run paper --side 128 \\
        --datasets 250 [--gpu]
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fibgap import seeds  # noqa: E402
from fibgap.errors import InputError  # noqa: E402
from fibgap.experiment.evaluation import measure_volume  # noqa: E402
from fibgap.io.files import write_aside  # noqa: E402
from fibgap.report.tables import frame_table, to_markdown  # noqa: E402
from fibgap.synthetic.structure import Level, generate_volume  # noqa: E402
from fibgap.workflow.scaling import VOLUMES, Target, measured_run, needs, read_measured  # noqa: E402

MEASURED = ROOT / "benchmarks/measured_costs.csv"
PAGE = ROOT / "docs/scaling.md"
BEGIN, END = "<!-- written by benchmarks/scaling.py -->", "<!-- to here -->"
HEADINGS = {
    "step": "Step",
    "jobs": "Jobs",
    "gpu_h": "GPU hours",
    "cpu_h": "Core hours",
    "job_h": "Hours a job",
    "disk_tb": "Disk, TB",
    "memory_gb": "Memory a job, GB",
    "wall_s": "Wall time, s",
    "cpu_s": "CPU time, s",
    "peak_mb": "Peak memory, MB",
    "mb_a_dataset": "Disk a dataset, MB",
}


def requested_memory(side: int) -> dict[str, float]:
    """Return the largest memory in MB that each rule asks for at volumes of a side."""
    config = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
    config["generate_volumes"]["shape"] = [side] * 3
    # Training volumes stay as they are: a network learns from patches.
    config["training_sets"]["gold"]["shape"] = [128] * 3
    config["datasets"] |= {"count": 1}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("Snakefile", "rules", "workflow_scripts", "config", "envs", "fibgap"):
            Path(folder, name).symlink_to(ROOT / name)
        Path(folder, "large.yaml").write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "snakemake", "--configfile", "large.yaml", "--dry-run"]
        done = subprocess.run(
            [*command, "--cores", "2", "--workflow-profile", "none"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise InputError(f"the plan for volumes of {side} failed: {done.stderr[-500:]}")
    found: dict[str, float] = {}
    jobs = r"^rule (\w+):\n(?:^ .*\n)*?^ +resources: .*?\bmem_mb=(\d+)"
    for rule, memory in re.findall(jobs, done.stdout + done.stderr, flags=re.MULTILINE):
        found[rule] = max(found.get(rule, 0), float(memory))
    return found


def fixed_share(side: int, cut: int = 96) -> float:
    """Measure which share of measuring does not grow with the volume: D on a central cut."""
    structure = yaml.safe_load((ROOT / "config/paper.yaml").read_text())["generate_volumes"]
    levels = [Level(**level) for level in structure["levels"]]
    seed = seeds.sequence(0, "evaluation_volumes")
    volume = generate_volume((side,) * 3, levels, voxel_nm=2.5, box_factor=1, seed=seed)
    measure_volume(volume[:32, :32, :32], ["d"], threads=1)  # imports and first calls do not count
    seconds = []
    for measures in (["tpcf", "lpf"], ["tpcf", "lpf", "d"]):
        begin = time.process_time()
        measure_volume(volume, measures, threads=1, cut=cut)
        seconds.append(time.process_time() - begin)
    return 1 - seconds[0] / seconds[1]


def render(measured: pd.DataFrame, target: Target) -> str:
    """Return the tables of the page for the run that was added last."""
    run = measured["run"].iloc[-1]
    rows = measured[measured["run"] == run]
    first = rows.iloc[0]
    device = "a GPU" if first["gpu"] else "a CPU"
    shown = rows[["step", "jobs", "wall_s", "cpu_s", "peak_mb", "mb_a_dataset"]]
    before = frame_table(
        shown.sort_values("wall_s", ascending=False),
        caption=f"Measured: the run '{run}', {first['datasets']} datasets of {first['side']}^3, "
        f"networks on {device}",
        headings=HEADINGS,
        decimals={"wall_s": 0, "cpu_s": 0, "peak_mb": 0, "mb_a_dataset": 3},
    )
    table = needs(measured, run, target, requested_memory(target.side))
    kept = table.loc[~table["step"].isin([*VOLUMES, "all steps"]), "disk_tb"].sum()
    after = frame_table(
        table,
        caption=f"Needed: {target.datasets} datasets of {target.side}^3 in shards of "
        f"{target.shard_size}",
        headings=HEADINGS,
        decimals=dict.fromkeys(["jobs", "gpu_h", "cpu_h", "memory_gb"], 0)
        | {"job_h": 1, "disk_tb": 2},
        footnotes=[
            f"Of the disk, {kept * 1e3:.1f} GB stay where volumes are not kept, and one dataset."
        ],
    )
    return f"{to_markdown(before)}\n{to_markdown(after)}"


def write_page(text: str) -> None:
    """Put the tables between their marks on the page."""
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    with write_aside(PAGE) as aside:
        aside.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main() -> int:
    """Parse the command line, add a run if one is given, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--add", type=Path, help="costs.csv of a run")
    parser.add_argument("--run", default="paper", help="its name; one of this name is replaced")
    parser.add_argument("--side", type=int, default=128, help="side of its volumes in voxels")
    parser.add_argument("--datasets", type=int, default=250, help="number of its datasets")
    parser.add_argument("--gpu", action="store_true", help="its networks ran on a GPU")
    arguments = parser.parse_args()
    try:
        if arguments.add:
            rows = measured_run(
                arguments.add,
                run=arguments.run,
                side=arguments.side,
                datasets=arguments.datasets,
                gpu=arguments.gpu,
                fixed_share=round(fixed_share(arguments.side), 3),
            )
            if MEASURED.is_file():
                others = read_measured(MEASURED)
                rows = pd.concat([others[others["run"] != arguments.run], rows])
            with write_aside(MEASURED) as aside:
                rows.to_csv(aside, index=False)
        write_page(render(read_measured(MEASURED), Target()))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
