"""A small experiment whose sensitivity is studied."""

import pytest

from fibgap.experiment.config import check


@pytest.fixture
def config():
    """A checked configuration of 24 voxels a side with all five classical kinds of arms."""

    def make(**sensitivity):
        spline = {"filler": "cubic_spline", "fill_holes": True}
        return check(
            {
                "name": "small",
                "base_seed": 5,
                "datasets": {"count": 2},
                "generate_volumes": {
                    "shape": [40, 24, 24],
                    "levels": [{"solid_fraction": 0.5, "wavelength_nm": 20}],
                },
                "arms": [
                    {"name": "RNN-s", "placement": "repositioned", "filler": "nearest"},
                    {"name": "RCS-s", "placement": "repositioned", **spline},
                    {"name": "DNN-s", "placement": "nominal", "filler": "nearest"},
                    {"name": "SRCS-s", "placement": "resampled", **spline},
                ],
                "sensitivity": sensitivity,
            }
        )

    return make
