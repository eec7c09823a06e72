"""Depths in the names of image files, and where nobody measured any."""

import numpy as np
import pytest

from fibgap.depths import SOURCES, Depths, nominal_depths, read_names
from fibgap.errors import InputError


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["slice_0010_z=0.3460um.tif", "slice_0011_z=0.3562um.tif"], [346, 356.2]),
        (["a/z0.346um.tif", "a/z0.3562\u00b5m.tif"], [346, 356.2]),
        (["C:\\z=9um\\s1_346nm.png", "C:\\z=9um\\s2_356.2nm.png"], [346, 356.2]),  # not the folder
        (["5nm_s1_346nm.tif", "5nm_s2_356.2nm.tif"], [346, 356.2]),  # 5 nm is the pixel size
        (["s1_z346nm_20nm.tif", "s2_z356.2nm_21nm.tif"], [346, 356.2]),  # z is marked
        (["depth_0,346um.tif", "depth_0,3562um.tif"], [346, 356.2]),
        (["z=1e-3mm_1.tif", "z=1.1e-3mm_2.tif"], [1000, 1100]),
        (["s1_z=-0.5um.tif", "s2_z=-0.4um.tif"], [-500, -400]),
        (["s1_2kV_346nm.tif", "s2_2kV_356.2nm.tif"], [346, 356.2]),
    ],
)
def test_names_by_hand(names, expected):
    """A depth with its unit is read from every name."""
    found = read_names(names)
    assert found.depths_nm.tolist() == expected
    assert found.source == "measured"
    assert not found.turned
    assert "read from the file names" in found.notes[0]


def test_falling_names_are_turned_round():
    """Depths that fall along the stack turn it round; a hyphen is a sign after = only."""
    found = read_names(["s1_z=-0.4um", "s2_z=-0.5um"])
    assert found.turned
    assert found.depths_nm.tolist() == [-500, -400]
    found = read_names(["s1_z-0.4um", "s2_z-0.5um"])
    assert not found.turned
    assert found.depths_nm.tolist() == [400, 500]
    assert "no minus" in found.notes[1]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["s_1.tif", "s_2.tif"], r"'s_1\.tif' holds no depth with a unit"),
        (["s_z=10.tif", "s_z=20.tif"], r"'s_z=10\.tif' holds no depth with a unit"),
        (["s_10nm.tif", "b.tif"], r"'b\.tif' holds no depth with a unit"),
        (["1_1um_20nm.tif", "2_2um_21nm.tif"], r"holds 2 lengths .* \(1um, 20nm\); mark it by z="),
        (["1_20nm.tif", "2_5nm_21nm.tif"], r"'2_5nm_21nm\.tif' must hold one depth, but holds 2"),
        (["5nm_10nm.tif", "5nm_10nm.tif"], "holds 0 lengths that could be it"),
        (
            ["a_10nm.tif", "b_10nm.tif"],
            r"'a_10nm\.tif' lies at 10 nm and file 'b_10nm\.tif', the",
        ),
        (["a_10nm.tif", "b_30nm.tif", "c_20nm.tif", "d_40nm.tif"], r"'b_30nm\.tif' lies at 30 nm"),
    ],
)
def test_names_without_one_depth_each_fail_by_name(names, message):
    """A name without a depth, or with several that could be it, is refused by name."""
    with pytest.raises(InputError, match=message):
        read_names(names)


def test_nominal_depths():
    """Nine slices of 7 nm lie at 0 to 56 nm, and nobody measured it."""
    found = nominal_depths(9, 7)
    assert found.depths_nm.tolist() == [0, 7, 14, 21, 28, 35, 42, 49, 56]
    assert found.source == "nominal"
    assert found.thickness_nm.tolist() == [7] * 8
    for spacing in (0, -7, np.nan, np.inf):
        with pytest.raises(InputError, match="spacing of slices must be positive"):
            nominal_depths(9, spacing)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depths_nm": [0.0]}, r"at least 2 depths are needed, but shape \(1,\)"),
        ({"depths_nm": [[0.0, 1.0]]}, "at least 2 depths"),
        ({"depths_nm": [0.0, np.nan, 2.0]}, "depth of slice 1 is nan"),
        ({"depths_nm": [2.0, 1.0, 0.0]}, "depths must rise, but fall from 2.0 to 0.0 nm"),
        ({"sd_nm": [1.0, 2.0]}, "3 depths need 3 deviations of a depth, but 2 came"),
        ({"sd_nm": [1.0, -2.0, 1.0]}, "standard deviation of depth 1 is -2"),
        ({"sd_nm": [1.0, 2.0, np.nan]}, "standard deviation of depth 2 is nan"),
    ],
)
def test_impossible_depths_fail_by_name(changes, message):
    """What every source returns rises and has deviations that are not negative."""
    with pytest.raises(InputError, match=message):
        Depths(**{"depths_nm": [0.0, 1.0, 2.0], "source": "measured", **changes})


def test_every_source_is_described():
    """A newcomer finds what there is in one place."""
    assert {"measured", "nominal"} <= set(SOURCES)
    for source in SOURCES.values():
        assert source.description
        assert all(callable(function) for function in source.functions)
