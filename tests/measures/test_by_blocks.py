"""Curves by blocks of lines are those of the whole volume, to the last bit."""

import numpy as np
import pytest

from fibgap.measures import measure
from fibgap.measures.by_blocks import measure_by_blocks, measured_by_blocks


@pytest.mark.parametrize("shape", [(12, 9, 11), (5, 16, 8), (9, 2, 30)])
@pytest.mark.parametrize("memory", [1, 700, 10**6])
def test_blocks_of_lines_add_up(shape, memory):
    """However many lines are counted at once, no number changes."""
    volume = np.random.default_rng(1).random(shape) < 0.6
    volume[:, 1] = True
    done = []
    found = measure_by_blocks(
        volume, ["tpcf", "lpf"], memory=memory, progress=lambda *told: done.append(told)
    )
    expected = measure(volume, ["tpcf", "lpf"])
    assert [*found] == ["tpcf", "lpf"] == measured_by_blocks()
    for name, values in found.items():
        np.testing.assert_array_equal(values, expected[name])
    assert done[-1][0] == done[-1][1] == len(done) >= 2
