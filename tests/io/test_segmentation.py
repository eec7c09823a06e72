"""Solid and pore: by label, of two values, by a threshold that is given or found."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.images import ImageStack
from fibgap.io.segmentation import segment

Solid = NDArray[np.bool_]
PATTERN: Solid = np.array([[[0, 1, 1], [1, 0, 1]], [[1, 1, 0], [0, 0, 1]]], dtype=bool)


def stack(images: Any, valid: Any = None) -> ImageStack:
    """Return a stack of these images."""
    return ImageStack(np.asarray(images), valid=valid)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 255, np.uint8),
        (0, 1, np.uint8),
        (1, 2, np.uint8),
        (0, 65535, np.uint16),
        (-1, 3, np.int16),
        (0.0, 1.0, np.float32),
        (False, True, np.bool_),
        (7, 200, np.uint8),
    ],
)
def test_of_two_values_the_greater_is_solid(low: Any, high: Any, dtype: Any) -> None:
    """Whatever the two values are; it is said, and can be turned round."""
    images = np.where(PATTERN, high, low).astype(dtype)
    result = segment(stack(images))
    assert result.how == "binary"
    assert result.stack.images.dtype == np.bool_
    np.testing.assert_array_equal(result.stack.images, PATTERN)
    assert result.stack.notes == (f"two values, {low:g} and {high:g}: {high:g} is solid",)
    np.testing.assert_array_equal(segment(stack(images), solid_is="dark").stack.images, ~PATTERN)
    np.testing.assert_array_equal(segment(stack(images), phase=low).stack.images, ~PATTERN)


def test_labels() -> None:
    """One label, or several, are solid; the others are pore."""
    labels = np.array([[[0, 1, 2], [2, 3, 1]], [[1, 1, 2], [3, 3, 0]]], dtype=np.uint8)
    result = segment(stack(labels), phase=2)
    np.testing.assert_array_equal(result.stack.images, labels == 2)
    assert result.how == "labels"
    assert result.thresholds == ()
    assert result.stack.notes == ("solid is label 2; there are the values 0, 1, 2, 3",)
    several = segment(stack(labels), phase=[1, 3]).stack.images
    np.testing.assert_array_equal(several, (labels == 1) | (labels == 3))


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        ([[[0, 1, 2]]], {}, r"holds 3 grey values \(0, 1, 2\), .* pass phase, .* phase=2"),
        (np.arange(40).reshape(2, 4, 5), {}, "holds 40 grey values, .* method='otsu'"),
        (np.linspace(0, 1, 40).reshape(2, 4, 5), {}, r"threshold=0\.5 if they are probabilities"),
        (np.linspace(0, 1, 70_000).reshape(1, 7, -1), {}, "holds more than 65,536 grey values"),
        ([[[0, 1, 2]]], {"phase": 3}, "label 3 is not in the stack: there are the values 0, 1, 2"),
        ([[[0, 1, 2]]], {"phase": [1, 5]}, "label 5 is not in the stack"),
        ([[[0, 1, 2]]], {"phase": []}, "label none"),
        ([[[0, 1, 2]]], {"phase": [0, 1, 2]}, r"all of the stack is solid .* values 0, 1, 2"),
        ([[[1, 1, 1]]], {}, "all pixels of the stack hold the value 1: there is no structure"),
        ([[[1, 2, 2]]], {"threshold": 0}, r"all of the stack is solid \(threshold 0.* values 1, 2"),
        ([[[1, 2, 2]]], {"threshold": 2}, r"all of the stack is pore \(threshold 2.* values 1, 2"),
        ([[[1, 2, 2]]], {"threshold": 1, "phase": 2}, "phase and threshold are given, but one"),
        (
            [[[1, 2, 2]]],
            {"method": "magic"},
            "method 'magic' is unknown; choose one of otsu, multi",
        ),
        ([[[1, 2, 2]]], {"solid_is": "grey"}, "solid_is must be 'bright' or 'dark', but is 'grey'"),
        ([[[1, 2, 2]]], {"method": "multi-otsu"}, "cannot make 3 classes of 2 grey values"),
        ([[[1, 2, 3]]], {"method": "multi-otsu", "classes": 9}, "takes 2 to 5 classes, but 9"),
        (
            [[[1, 2, 3]]],
            {"method": "multi-otsu", "solid_class": 3},
            r"solid_class 3 is none of the classes 0 \(darkest\) to 2",
        ),
    ],
)
def test_what_cannot_be_told_apart(images: Any, options: Any, message: str) -> None:
    """Grey values without an instruction, or with one that makes one phase, are refused."""
    with pytest.raises(InputError, match=message):
        segment(stack(images), **options)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_thresholds(dtype: Any) -> None:
    """Solid lies above the value, or at and below it where it is dark."""
    images = np.arange(24).reshape(2, 3, 4).astype(dtype)
    bright = segment(stack(images), threshold=10)
    np.testing.assert_array_equal(bright.stack.images, images > 10)
    assert bright.thresholds == (10.0,)
    dark = segment(stack(images), threshold=10, solid_is="dark")
    np.testing.assert_array_equal(dark.stack.images, images <= 10)


def test_otsu_divides_two_heaps() -> None:
    """Heaps at 60 and 180, 5 wide, are parted between them, where no value lies."""
    rng = np.random.default_rng(0)
    truth = rng.random((4, 50, 50)) < 0.3
    images = np.where(truth, 180, 60) + rng.normal(0, 5, truth.shape)
    for values in (images.astype(np.uint8), images.astype(np.uint16) * 100, images):
        result = segment(stack(values), method="otsu")
        np.testing.assert_array_equal(result.stack.images, truth)
        dark = segment(stack(values), method="otsu", solid_is="dark").stack.images
        np.testing.assert_array_equal(dark, ~truth)


def test_multi_otsu_divides_three_heaps() -> None:
    """Of three heaps the brightest is solid unless others are chosen."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, (4, 50, 50))
    images = (np.array([50, 120, 200])[kind] + rng.normal(0, 6, kind.shape)).astype(np.uint8)
    result = segment(stack(images), method="multi-otsu")
    np.testing.assert_array_equal(result.stack.images, kind == 2)
    assert len(result.thresholds) == 2
    for options, expected in (
        ({"solid_class": 1}, kind == 1),
        ({"solid_class": [0, 2]}, kind != 1),
        ({"solid_is": "dark"}, kind == 0),
    ):
        chosen = segment(stack(images), method="multi-otsu", **options)  # type: ignore[arg-type]
        np.testing.assert_array_equal(chosen.stack.images, expected)


def test_the_histogram_counts_every_valid_pixel() -> None:
    """Small integers have a bin each; invalid pixels are in none."""
    images = np.array([[[0, 1, 3], [3, 3, 9]]], dtype=np.uint8)
    valid = np.ones_like(images, dtype=bool)
    valid[0, 1, 2] = False
    result = segment(stack(images, valid), threshold=1)
    assert result.counts.tolist() == [1, 1, 0, 3]
    assert result.edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    wide = segment(stack(np.arange(1000.0).reshape(1, 10, 100)), threshold=500)
    assert wide.counts.sum() == 1000
    assert len(wide.edges) == 257


def test_invalid_pixels_decide_nothing() -> None:
    """A frame of zeros around labels 1 and 2 makes no third value, and is no solid."""
    images = np.where(PATTERN, 2, 1).astype(np.float32)
    images[:, :, 0] = np.nan
    valid = np.isfinite(images)
    result = segment(stack(images, valid))
    np.testing.assert_array_equal(result.stack.images, PATTERN & valid)
    dark = segment(stack(images, valid), solid_is="dark")
    np.testing.assert_array_equal(dark.stack.images, ~PATTERN & valid)
    with pytest.raises(InputError, match="no pixel of the stack is valid"):
        segment(stack(images, np.zeros_like(valid)))
