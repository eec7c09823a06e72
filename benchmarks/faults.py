"""Provoke every fault at tiny size and print what happened as a Markdown table.

Each scenario checks itself and ends the script if anything is lost; tests/faults runs the same
ones. The small disk needs the right to mount; without it a limit on the size of files stands in.

    python benchmarks/faults.py
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.faults import scenarios  # noqa: E402
from tests.faults.harness import undisturbed  # noqa: E402

SINGLE = (
    scenarios.job_killed_while_writing,
    scenarios.full_disk,
    scenarios.file_too_large,
    scenarios.two_runs,
    scenarios.damaged_in_the_chain,
    scenarios.damaged_at_the_end,
    scenarios.edited_code,
)


def main() -> int:
    """Run all scenarios and print their rows."""
    begin = time.monotonic()
    print("| fault | what happened | lost |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        reference = undisturbed(Path(folder, "reference"))
        rows = list(scenarios.killed_in_every_stage(reference, Path(folder, "killed")))
        for scenario in SINGLE:
            row = scenario(reference, Path(folder, scenario.__name__))
            rows += [] if row is None else [row]
        for row in rows:
            print(f"| {row.fault} | {row.happened} | {row.lost} |")
    print(f"\n{len(rows)} faults, {sum(row.lost for row in rows)} datasets lost.")
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
