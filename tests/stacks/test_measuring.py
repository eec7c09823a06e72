"""A volume in a file is measured as the array in it."""

import json
import re

import numpy as np
import pytest
import tifffile

from fibgap.errors import InputError
from fibgap.io.volumes import write_volume
from fibgap.measures import measure
from fibgap.stacks import measure_volume_file
from fibgap.stacks.verdict import compare_directions


@pytest.fixture
def volume(tmp_path, truth):
    """Return the path of a volume."""
    write_volume(tmp_path / "v.tif", truth, 2.5)
    return tmp_path / "v.tif"


def test_values_are_those_of_the_array(volume, truth):
    """Nothing is lost between array and file, and all three measures are taken."""
    measured = measure_volume_file(volume)
    expected = measure(truth)
    assert measured.values.keys() == expected.keys() == {"tpcf", "lpf", "d"}
    for name, values in expected.items():
        assert np.array_equal(measured.values[name], values)
    assert measured.solid_fraction == truth.mean()
    assert measured.voxel_nm == 2.5
    assert json.loads(json.dumps(measured.to_dict(), allow_nan=False))["misclassified"] is None
    assert next(measured.lines()) == "volume: 37 x 24 x 28 voxels (z, y, x) of 2.5 nm"


def test_without_a_path_the_error_of_d_is_undefined(tmp_path):
    """Walls across y and x leave no diffusion there: JSON says null and people read undefined."""
    walls = np.zeros((6, 6, 6), dtype=bool)
    walls[:, 3] = walls[:, :, 3] = True
    write_volume(tmp_path / "v.tif", walls, 1.0)
    measured = measure_volume_file(tmp_path / "v.tif", measures=["d"])
    assert measured.to_dict()["anisotropy"]["d"]["along_z"] is None
    assert "anisotropy error undefined" in [*measured.lines()][-1]


def test_misclassified_voxels_are_counted_in_filled_layers(volume, truth, tmp_path):
    """With the mask of `fill_stack` beside it only its layers count, without it all do."""
    wrong = truth.copy()
    wrong[3] = ~truth[3]
    write_volume(tmp_path / "w.tif", wrong, 2.5)
    whole = measure_volume_file(tmp_path / "w.tif", measures=["tpcf"], truth=volume)
    assert whole.misclassified == 1 / 37
    assert whole.filled_layers is None
    mask = np.zeros(truth.shape, dtype=bool)
    mask[[3, 4]] = True
    for name in ("x.tif", "x.h5"):
        write_volume(tmp_path / name, wrong, 2.5, extra={"filled": mask})
        among = measure_volume_file(tmp_path / name, measures=["tpcf"], truth=volume)
        assert (among.misclassified, among.filled_layers) == (0.5, 2)
        assert [*among.lines()][-1] == "misclassified voxels: 50.00% of 2 filled layers"


def test_a_truth_of_another_shape_is_refused(volume, tmp_path, truth):
    """Voxels are compared one by one."""
    write_volume(tmp_path / "t.tif", truth[1:], 2.5)
    with pytest.raises(InputError, match=r"has shape \(36, 24, 28\)"):
        measure_volume_file(volume, measures=["tpcf"], truth=tmp_path / "t.tif")


def test_a_truth_that_is_none_is_refused_by_name(volume, tmp_path, truth):
    """Grey values, and a file that is not there; the latter before anything is measured."""
    values = np.arange(truth.size, dtype=np.uint16).reshape(truth.shape)
    tifffile.imwrite(tmp_path / "grey.tif", values, photometric="minisblack")
    with pytest.raises(InputError, match=r"true volume '.*grey.tif' must hold two values"):
        measure_volume_file(volume, measures=["tpcf"], truth=tmp_path / "grey.tif")
    stages = []
    with pytest.raises(InputError, match=r"true volume 'missing.tif' does not exist"):
        measure_volume_file(
            volume, truth="missing.tif", progress=lambda stage, *_done: stages.append(stage)
        )
    with pytest.raises(InputError, match="measure 'dd' is unknown"):
        measure_volume_file(
            volume, measures=["tpcf", "dd"], progress=lambda stage, *_done: stages.append(stage)
        )
    assert stages == []


def test_voxels_must_be_cubes(tmp_path, truth):
    """A lag along z would be another length than one along x."""
    write_volume(tmp_path / "v.tif", truth, (10.0, 2.5, 2.5))
    with pytest.raises(InputError, match="they must be cubes"):
        measure_volume_file(tmp_path / "v.tif")


def test_labels_and_grey_values_are_told_apart(tmp_path, truth):
    """More than two values need a word on which are solid."""
    labels = truth.astype(np.uint8) + 1
    labels[:, :3] = 3
    tifffile.imwrite(tmp_path / "v.tif", labels)
    with pytest.raises(InputError, match="3 grey values"):
        measure_volume_file(tmp_path / "v.tif", measures=["tpcf"])
    by_label = measure_volume_file(tmp_path / "v.tif", measures=["tpcf"], phase=2)
    assert by_label.solid_fraction == (labels == 2).mean()
    above = measure_volume_file(tmp_path / "v.tif", measures=["tpcf"], threshold=1.5)
    assert above.solid_fraction == (labels > 1).mean()
    grey = np.where(truth, 200, 40) + np.random.default_rng(0).integers(0, 30, truth.shape)
    tifffile.imwrite(tmp_path / "g.tif", grey.astype(np.uint8))
    found = measure_volume_file(tmp_path / "g.tif", measures=["tpcf"], otsu=True)
    assert found.solid_fraction == truth.mean()


def test_directions_of_a_laminate():
    """z is 1, y and x are 0.5 and 1.5: z equals their mean, and they differ by as much as it."""
    found = compare_directions(np.array([1.0, 0.5, 1.5]))
    assert (found.along_z, found.in_plane) == (0.0, 1.0)


def test_further_measures_carry_their_unit(tmp_path):
    """A laminate of 2.5 nm voxels: chords in nm, no number for a direction without interfaces."""
    layers = np.broadcast_to(np.arange(20)[:, None, None] % 10 < 4, (20, 8, 8))
    write_volume(tmp_path / "layers.tif", np.ascontiguousarray(layers), 2.5)
    names = ["solid_chord", "euler", "surface"]
    measured = measure_volume_file(tmp_path / "layers.tif", measures=names)
    # 8 solid layers of 20, three crossings on 19 steps.
    assert measured.values["solid_chord"][0] == pytest.approx(2 * 0.4 / (3 / 19) * 2.5)
    lines = "\n".join(measured.lines())
    assert "Euler characteristic: 2\n" in lines
    assert re.search(r"Specific surface: 0\.0\d+ 1/nm", lines)
    assert re.search(r"Mean chord of the solid: 12\.\d+ \(z\), .* nm; anisotropy", lines)
    plain = json.loads(json.dumps(measured.to_dict(), allow_nan=False))
    assert plain["measures_zyx"]["solid_chord"][1:] == [None, None]
    assert plain["measures_zyx"]["euler"] == [2]
    assert list(plain["anisotropy"]) == ["solid_chord"]


def test_the_three_measures_of_the_tables_are_the_default(tmp_path):
    """Further measures are taken where they are asked for."""
    write_volume(tmp_path / "v.tif", np.random.default_rng(0).random((8, 8, 8)) < 0.5, 2.5)
    assert list(measure_volume_file(tmp_path / "v.tif").values) == ["tpcf", "lpf", "d"]
