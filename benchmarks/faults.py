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

SCENARIOS = (
    scenarios.killed,
    scenarios.job_killed_while_writing,
    scenarios.full_disk,
    scenarios.file_too_large,
    scenarios.two_runs,
    scenarios.damaged,
    scenarios.edited_code,
)


def main() -> int:
    """Run all scenarios and print their rows."""
    begin = time.monotonic()
    print("| fault | what happened | lost |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        reference = undisturbed(Path(folder, "reference"))
        rows = []
        for scenario in SCENARIOS:
            row = scenario(reference, Path(folder, scenario.__name__))
            if row is not None:
                rows.append(row)
                print(f"| {row.fault} | {row.happened} | {row.lost} |", flush=True)
    print(f"\n{len(rows)} faults, {sum(row.lost for row in rows)} datasets lost.")
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
