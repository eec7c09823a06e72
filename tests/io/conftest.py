"""A small stack in grey values and in two, the same for all tests of this folder."""

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def grey() -> NDArray[np.uint8]:
    """Return 6 grey slices of 20 x 24 pixels: smooth, and never 0, so that nothing looks empty."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(6, 20, 24)), axis=2)
    scaled = (walk - walk.min()) / np.ptp(walk)
    return (1 + 254 * scaled).astype(np.uint8)


@pytest.fixture
def solid(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the same slices in two values."""
    return grey > 128
