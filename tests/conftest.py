"""What all tests share."""

import os

# One thread a process, before anything reads it: arrays are small, and tests run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# The same examples on every machine, and no time limits: a test fails for what it says.
settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")

#: Fixtures that take a run of the workflow: the tests that share one stay together.
RUNS = {
    "finished": "finished",
    "copied": "finished",
    "reference": "faults",
    "filled": "stacks",
    "again": "stacks",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a run of the workflow in one process, where several run tests."""
    for item in items:
        fixtures = RUNS.keys() & set(getattr(item, "fixturenames", ()))
        for run in {RUNS[fixture] for fixture in fixtures}:
            item.add_marker(pytest.mark.xdist_group(run))
