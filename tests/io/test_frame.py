"""A border that alignment left is found; pore at the edge of an image is not taken for one."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.frame import constant_corners, find_frame, largest_box
from fibgap.io.geometry import crop_frame
from fibgap.io.images import ImageStack

Solid = NDArray[np.bool_]
N, SIDE = 24, 80


@pytest.fixture(scope="module")
def structure() -> Solid:
    """Return a structure of half solid, its features about 6 voxels wide, in 80 x 80 pixels."""
    rng = np.random.default_rng(0)
    return gaussian_filter(rng.normal(size=(N, SIDE, SIDE)), 2.5, mode="wrap") > 0


def sheared() -> Solid:
    """Return a frame of 64 x 64 pixels that moves by 16 along y through the stack."""
    mask = np.zeros((N, SIDE, SIDE), dtype=bool)
    for z in range(N):
        shift = round(16 * z / (N - 1))
        mask[z, shift : shift + 64, 8:72] = True
    return mask


def still() -> Solid:
    """Return a frame that stands still, 6 pixels from every side."""
    mask = np.zeros((N, SIDE, SIDE), dtype=bool)
    mask[:, 6:-6, 6:-6] = True
    return mask


@pytest.mark.parametrize("fill", [0, 255])
@pytest.mark.parametrize("frame", [sheared, still])
def test_a_frame_of_a_binary_stack_is_found(structure: Solid, frame: Any, fill: int) -> None:
    """Strips on four sides, or strips that move around images of one size, are a frame."""
    mask = frame()
    images = np.where(mask, structure * np.uint8(255), np.uint8(fill))
    found = find_frame(ImageStack(images))
    assert found is not None
    assert found.certain
    assert found.value == fill
    cropped = crop_frame(ImageStack(images))
    expected = structure[:, 16:64, 8:72] if frame is sheared else structure[:, 6:-6, 6:-6]
    # A line of the structure that holds one value all along may be lost with the frame: none here.
    np.testing.assert_array_equal(cropped.images > 0, expected)
    assert cropped.valid is None
    assert "shows no material" in cropped.notes[0]
    assert "cropped to rows" in cropped.notes[1]
    # Of 64 rows of the frame that moves, 48 show material in every slice.
    lost = "25.0%" if frame is sheared else "0.0%"
    assert cropped.notes[1].endswith(f"; {lost} of the pixels that show material lie outside")


def test_a_box_that_leaves_much_out_is_a_warning() -> None:
    """Slices of 6 x 6 pixels that wander by 1 along both axes share a box of 5 x 5, 25 of 36."""
    valid = np.zeros((2, 8, 8), dtype=bool)
    valid[0, :6, :6] = valid[1, 1:7, 1:7] = True
    stack = ImageStack(np.arange(128, dtype=np.uint8).reshape(2, 8, 8), valid=valid)
    with pytest.warns(FibgapWarning, match="every slice leaves out 31% of the pixels that show"):
        cropped = crop_frame(stack)
    assert cropped.images.shape == (2, 5, 5)
    assert cropped.warnings[0].startswith("the largest box")


def test_a_frame_is_never_pore(structure: Solid) -> None:
    """The solid fraction inside is that of the structure, 1/2, not that of the canvas, 1/3."""
    images = structure & sheared()
    assert images.mean() < 0.35
    assert crop_frame(ImageStack(images)).images.mean() == structure[:, 16:64, 8:72].mean()
    masked = crop_frame(ImageStack(images), keep_mask=True)
    assert masked.valid is not None
    np.testing.assert_array_equal(masked.valid, sheared())
    assert masked.images.shape == images.shape


def test_a_frame_that_moves_between_two_sides(structure: Solid) -> None:
    """Strips at the top and bottom that change places around images of one height."""
    mask = sheared().any(axis=2, keepdims=True)
    found = find_frame(ImageStack(structure & mask))
    assert found is not None
    assert found.certain
    assert found.strips[0].tolist() == [0, 16, 0, 0]
    assert found.strips[-1].tolist() == [16, 0, 0, 0]


def touching_blob(structure: Solid) -> Solid:
    """Return the structure with a pore that touches one border."""
    y, x = np.mgrid[:SIDE, :SIDE]
    images = structure.copy()
    images[:, (y - 40) ** 2 + x**2 < 20**2] = False
    return images


def slab(structure: Solid) -> Solid:
    """Return the structure with a flat pore along all of one border."""
    images = structure.copy()
    images[:, :, :6] = False
    return images


def wedge(structure: Solid) -> Solid:
    """Return the structure with a pore along one border that gets wider with depth."""
    images = structure.copy()
    for z in range(N):
        images[z, :, : z // 2] = False
    return images


def corner(structure: Solid) -> Solid:
    """Return the structure with flat pores along two borders."""
    images = structure.copy()
    images[:, :5] = images[:, :, :5] = False
    return images


def particle(structure: Solid) -> Solid:
    """Return a round porous particle in the open."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return structure & ((y - 40) ** 2 + (x - 40) ** 2 < 34**2)


def laminate(structure: Solid) -> Solid:
    """Return layers of solid and pore, of which pore lies at the edges."""
    return np.broadcast_to(np.arange(SIDE) // 5 % 2 == 1, structure.shape)


def grid(structure: Solid) -> Solid:
    """Return pillars in rows and columns, with channels between and around them."""
    inside = np.arange(SIDE) // 5 % 2 == 1
    inside[-5:] = False
    return np.broadcast_to(inside[:, None] & inside, structure.shape)


@pytest.mark.parametrize("make", [np.asarray, touching_blob])
def test_pore_at_a_border_is_pore(structure: Solid, make: Any) -> None:
    """Neither the plain structure nor a pore that touches a border is worth a word."""
    stack = ImageStack(make(structure))
    assert find_frame(stack) is None
    assert crop_frame(stack).images is stack.images


@pytest.mark.parametrize("make", [slab, wedge, corner, particle, laminate, grid])
def test_what_may_be_pore_is_told_and_kept(structure: Solid, make: Any) -> None:
    """A whole line of one value can be either: the user decides."""
    stack = ImageStack(make(structure))
    with pytest.warns(
        FibgapWarning, match=r"a border of the value 0 .* may be left from alignment"
    ):
        kept = crop_frame(stack)
    assert kept.images is stack.images
    assert len(kept.warnings) == 1
    cropped = crop_frame(stack, border="crop")
    assert cropped.images.shape[1] * cropped.images.shape[2] < SIDE * SIDE
    assert cropped.warnings == ()
    assert crop_frame(stack, border="keep").images is stack.images


def test_one_dark_side_of_a_grey_stack_is_a_border(structure: Solid) -> None:
    """Among grey values that hardly ever are 0, a strip of exact zeros is no material."""
    rng = np.random.default_rng(1)
    grey = np.where(structure, 150, 60) + rng.normal(0, 10, structure.shape)
    images = grey.clip(1, 255).astype(np.uint8)
    assert find_frame(ImageStack(images)) is None
    images[:, :6] = 0
    np.testing.assert_array_equal(crop_frame(ImageStack(images)).images, images[:, 6:])


def test_slices_that_were_turned_are_told(structure: Solid) -> None:
    """Triangles at the corners are no strips; pore in a few slices is no triangle."""
    y, x = np.mgrid[:SIDE, :SIDE]
    images = structure.copy()
    images[:, (x + y < 12) | (x + y > 2 * SIDE - 14)] = False
    assert find_frame(ImageStack(images)) is None
    with pytest.warns(FibgapWarning, match="2 corners of the images hold the value 0 in nearly"):
        crop_frame(ImageStack(images))
    assert constant_corners(images[:5]) is None
    assert constant_corners(structure) is None


def test_invalid_pixels_are_cropped(structure: Solid) -> None:
    """NaN, alpha and mask leave the largest box that is valid in every slice."""
    valid = np.ones(structure.shape, dtype=bool)
    valid[3, :10] = False
    valid[7, :, 75:] = False
    cropped = crop_frame(ImageStack(structure, valid=valid))
    np.testing.assert_array_equal(cropped.images, structure[:, 10:, :75])
    assert cropped.valid is None
    kept = crop_frame(ImageStack(structure, valid=valid), keep_mask=True)
    assert kept.valid is valid
    valid[9] = False
    with pytest.raises(InputError, match=f"no box of pixels is valid in all {N} slices"):
        crop_frame(ImageStack(structure, valid=valid))


def test_an_unknown_wish(structure: Solid) -> None:
    """What to do with a border is one of three words."""
    with pytest.raises(InputError, match="border must be one of find, crop, keep, but is 'cut'"):
        crop_frame(ImageStack(structure), border="cut")


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 6))))
def test_the_largest_box_by_trying_all(mask: Solid) -> None:
    """No rectangle of True is larger than the one that is found."""
    rows, columns = largest_box(mask)
    found = mask[rows, columns]
    assert found.all()
    best = (
        max(
            (y1 - y0) * (x1 - x0)
            for y0 in range(mask.shape[0])
            for y1 in range(y0 + 1, mask.shape[0] + 1)
            for x0 in range(mask.shape[1])
            for x1 in range(x0 + 1, mask.shape[1] + 1)
            if mask[y0:y1, x0:x1].all() or (y1 - y0) * (x1 - x0) == 0
        )
        if mask.any()
        else 0
    )
    assert found.size == best


@given(hnp.arrays(np.uint8, (3, 5, 6), elements=st.integers(0, 2)))
def test_any_stack_is_cropped_to_a_part_of_itself(images: Any) -> None:
    """Whatever the values are, nothing is made up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FibgapWarning)
        try:
            cropped = crop_frame(ImageStack(images), border="crop").images
        except InputError:
            return
    parts = np.lib.stride_tricks.sliding_window_view(images, cropped.shape)
    assert (parts == cropped).all(axis=(-3, -2, -1)).any()
