"""Time how long Snakemake takes to plan the paper's run, from its start to the list of jobs.

Nothing runs. Of the repetitions the fastest counts: what else the machine does only adds.

    python benchmarks/bench_dag.py [--config config/paper.yaml] [--repetitions 3]
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Parse the command line, plan a run a few times and print jobs and seconds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="config/paper.yaml", help="configuration to plan")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default"]
    command += ["--configfile", arguments.config, "--cores", "2", "--dry-run", "--quiet", "rules"]
    seconds, jobs = [], set()
    # Everything is yet to be done in a folder without results.
    with tempfile.TemporaryDirectory() as folder:
        for name in (
            "Snakefile",
            "rules",
            "workflow_scripts",
            "config",
            "envs",
            "profiles",
            "fibgap",
        ):
            Path(folder, name).symlink_to(ROOT / name)
        for _ in range(arguments.repetitions):
            begin = time.perf_counter()
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            seconds.append(time.perf_counter() - begin)
            found = re.search(r"^total +(\d+)$", done.stdout + done.stderr, flags=re.MULTILINE)
            if done.returncode != 0 or found is None:
                print(done.stderr or done.stdout, file=sys.stderr)
                return 1
            jobs.add(int(found[1]))
    print(f"{arguments.config}: {jobs.pop()} jobs planned in {min(seconds):.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
