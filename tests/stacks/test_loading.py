"""A stack is loaded as a person who looks at its files would read it."""

import numpy as np
import pytest
import tifffile

from fibgap.errors import FibgapWarning, InputError
from fibgap.stacks import load_stack

from .conftest import DEPTHS, VOXEL, write_folder, write_table


def test_a_folder_and_a_table(folder, table, solid):
    """Slices come in natural order (s2 before s10), at the depths of the table."""
    loaded = load_stack(folder, depths=table)
    assert np.array_equal(loaded.stack.slices, solid)
    assert loaded.stack.depths_nm.tolist() == DEPTHS.tolist()
    assert loaded.stack.voxel_nm == VOXEL
    assert loaded.names[2:3] == ("s2.tif",)
    assert [path.name for path in loaded.files[-2:]] == ["s11.tif", "depths.csv"]
    assert loaded.warnings == ()
    assert loaded.facts["thickness_nm"] == pytest.approx(90 / 11)
    assert any("depth_nm" in note for note in loaded.notes)


def test_falling_depths_turn_slices_and_names(folder, tmp_path, solid):
    """The deepest slice comes last, whatever the order of delivery."""
    loaded = load_stack(folder, depths=write_table(tmp_path / "d.csv", 100 - DEPTHS))
    assert np.array_equal(loaded.stack.slices, solid[::-1])
    assert loaded.stack.depths_nm[[0, -1]].tolist() == [10, 100]
    assert loaded.names[0] == "s11.tif"


def test_grey_values_are_cut_where_somebody_says(tmp_path, solid):
    """Otsu's threshold, a threshold and multi-Otsu find phases that are far apart."""
    rng = np.random.default_rng(1)
    grey = np.where(solid, 180, 60) + rng.integers(-20, 20, solid.shape)
    folder = write_folder(tmp_path / "grey", grey.astype(np.uint8))
    for how in ({"otsu": True}, {"threshold": 120.0}, {"classes": 2}):
        loaded = load_stack(folder, spacing="5nm", **how)
        assert np.array_equal(loaded.stack.slices, solid)
        # 60 + 19 is the brightest pore, 180 - 20 the darkest solid; solid lies above a threshold.
        assert 79 <= loaded.histogram.thresholds[0] < 160
        assert loaded.histogram.counts.sum() == solid.size
    dark = load_stack(folder, spacing="5nm", otsu=True, solid_is="dark")
    assert np.array_equal(dark.stack.slices, ~solid)


def test_labels_are_chosen(tmp_path, solid):
    """Of three labels one or two are solid; without a word there is an error."""
    labels = solid.astype(np.uint8) + 1
    labels[np.random.default_rng(4).random(labels.shape) < 0.1] = 3
    folder = write_folder(tmp_path / "labels", labels)
    assert np.array_equal(load_stack(folder, spacing="5nm", phase=2).stack.slices, labels == 2)
    both = load_stack(folder, spacing="5nm", phase=(2, 3)).stack.slices
    assert np.array_equal(both, labels > 1)
    with pytest.raises(InputError, match="3 grey values"):
        load_stack(folder, spacing="5nm")


def test_a_pixel_size_is_needed_and_must_agree(tmp_path, solid, folder):
    """It comes from the file or from a person, and two that differ are refused unless told."""
    bare = write_folder(tmp_path / "bare", solid.astype(np.uint8), pixel_nm=None)
    with pytest.raises(InputError, match="the pixel size is not known"):
        load_stack(bare, spacing="5nm")
    assert load_stack(bare, spacing="5nm", voxel="0.002 um").stack.voxel_nm == 2.0
    with pytest.raises(InputError, match="which is right"):
        load_stack(folder, spacing="5nm", voxel="2nm")
    with pytest.warns(FibgapWarning, match="pixel size, 2.5 nm, was not used"):
        trusted = load_stack(folder, spacing="5nm", voxel="2nm", trust_voxel=True)
    assert trusted.stack.voxel_nm == 2.0
    with pytest.raises(InputError, match=r"voxel '2\.5' has no unit"):
        load_stack(folder, spacing="5nm", voxel=2.5)


def test_a_tilt_makes_images_taller(folder):
    """Under 52 degrees y is seen at sin(52°) = 0.788 of its height: 24 rows were 30.4."""
    loaded = load_stack(folder, spacing="5nm", tilt=52)
    assert loaded.stack.slices.shape == (12, 30, 28)
    assert loaded.stack.voxel_nm == VOXEL


def test_pixels_that_are_not_square_are_resampled(tmp_path, solid):
    """Pixels of 5 x 2.5 nm become twice as many rows of 2.5 nm."""
    path = tmp_path / "tall.tif"
    tifffile.imwrite(
        path,
        solid.astype(np.uint8) * np.uint8(255),
        imagej=True,
        resolution=(1 / 2.5, 1 / 5),
        metadata={"axes": "ZYX", "spacing": 10, "unit": "nm"},
    )
    loaded = load_stack(path)
    assert loaded.stack.slices.shape == (12, 48, 28)
    assert loaded.stack.voxel_nm == 2.5
    assert loaded.stack.depths_nm[1] == 10
    assert loaded.depths.source == "nominal"


def test_pixels_outside_a_mask_are_no_pore(folder, tmp_path, solid):
    """The stack is cropped to what the mask shows; when much of that is lost, it is told."""
    mask = np.zeros(solid.shape[1:], dtype=np.uint8)
    mask[2:22, 3:25] = 255
    tifffile.imwrite(tmp_path / "mask.tif", mask)
    loaded = load_stack(folder, spacing="5nm", mask=tmp_path / "mask.tif")
    assert np.array_equal(loaded.stack.slices, solid[:, 2:22, 3:25])
    masks = np.repeat(mask[None], len(solid), axis=0)
    masks[0, 12:] = 0
    tifffile.imwrite(tmp_path / "mask.tif", masks)
    # Of 20 rows, half are lost of 11 slices, none of one: 1 - 12 · 10 / (11 · 20 + 10) = 47.8 %.
    with pytest.warns(FibgapWarning, match="leaves out 48% of the pixels"):
        load_stack(folder, spacing="5nm", mask=tmp_path / "mask.tif")


def test_a_border_is_cropped_unless_it_is_pore(tmp_path, solid):
    """A frame of zeros around grey images shows no material, but a person may say that it does."""
    rng = np.random.default_rng(2)
    grey = np.zeros((12, 30, 34), dtype=np.uint8)
    grey[:, 3:27, 3:31] = np.where(solid, 180, 60) + rng.integers(-20, 20, solid.shape)
    folder = write_folder(tmp_path / "framed", grey)
    assert np.array_equal(load_stack(folder, spacing="5nm", otsu=True).stack.slices, solid)
    kept = load_stack(folder, spacing="5nm", otsu=True, crop=False)
    assert kept.stack.slices.shape == (12, 30, 34)


def test_drift_is_told_and_taken_out(tmp_path):
    """Slices that move by 2 pixels each are told; corrected, they show one structure again."""
    rng = np.random.default_rng(3)
    wide = (rng.random((80, 80)) < 0.5).astype(np.uint8) * np.uint8(255)
    moved = np.stack([wide[2 * k : 2 * k + 40, 10:50] for k in range(8)])
    folder = write_folder(tmp_path / "drift", moved)
    with pytest.warns(FibgapWarning, match="drift from slice to slice"):
        loaded = load_stack(folder, spacing="5nm")
    assert loaded.facts["drift_pixels"] == pytest.approx(2, abs=0.1)  # it is read to 0.1 pixel
    fixed = load_stack(folder, spacing="5nm", correct_drift=True).stack.slices
    assert fixed.shape == (8, 26, 40)
    assert (fixed == fixed[0]).all()


def test_a_rare_phase_is_told(tmp_path):
    """A threshold beside the phases leaves hardly any solid."""
    grey = np.random.default_rng(5).integers(40, 80, (4, 20, 20)).astype(np.uint8)
    grey[:, 7, 7] = 200
    folder = write_folder(tmp_path / "grey", grey)
    with pytest.warns(FibgapWarning, match=r"0.25% of the pixels are solid"):
        load_stack(folder, spacing="5nm", threshold=120)


def test_suspicious_depths_are_warnings_of_the_stack(folder, tmp_path):
    """Slice numbers in place of depths stay with the result."""
    numbers = write_table(tmp_path / "n.csv", np.arange(12.0))
    with pytest.warns(FibgapWarning):
        loaded = load_stack(folder, depths=numbers)
    assert any("slice numbers" in warning for warning in loaded.warnings)


def test_progress_is_told(folder):
    """Every stage is named, and reading counts the slices."""
    told = []
    load_stack(folder, spacing="5nm", progress=lambda *how: told.append(how))
    done = [(part, total) for stage, part, total in told if stage == "reading slices"]
    assert done[-1][0] == done[-1][1] >= 12
    assert [*dict.fromkeys(stage for stage, *_ in told)] == [
        "reading slices",
        "measuring drift",
        "segmenting",
    ]
