"""From images to square pixels of one frame: borders, tilt, pixels that are not square."""

from math import floor, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from fibgap.errors import InputError
from fibgap.io.frame import Frame, constant_corners, find_frame, largest_box
from fibgap.io.images import ImageStack
from fibgap.io.pages import describe_size
from fibgap.on_disk import map_slices

#: More than this of what shows material outside of the box is worth a warning.
_LOST = 0.25
_BORDERS = ("find", "crop", "keep")

#: Weights of a pixel and its neighbours across the direction of resampling, for binary images.
#: A linear interpolation of 0 and 1 that is cut at 1/2 is the nearest pixel; with a little of the
#: neighbours, the edge's position between pixels comes in. A line one pixel wide stays (3/5).
_ACROSS = (0.2, 0.6, 0.2)


def crop_frame(stack: ImageStack, *, border: str = "find", keep_mask: bool = False) -> ImageStack:
    """Leave out what shows no material: invalid pixels, and a border that alignment left.

    Parameters
    ----------
    stack : ImageStack
        Before or after segmentation; before is better, since a border is plainer in grey values.
    border : str
        What to do with a border of one value: "find" takes it for invalid where it can be nothing
        else (`fibgap.io.frame` has the rule) and warns where it may be pore; "crop" takes the
        doubtful one for invalid, too; "keep" takes none.
    keep_mask : bool
        Return the full images with `valid`, instead of cropping them to the largest box that is
        valid in every slice.

    Returns
    -------
    ImageStack
        Its notes say what was found and what was cropped.

    Raises
    ------
    InputError
        If no pixel is valid in all slices.

    Examples
    --------
    >>> images = np.zeros((4, 8, 8), dtype=np.uint8)
    >>> images[:, 2:7, 1:7] = 100 + np.arange(30).reshape(5, 6)
    >>> cropped = crop_frame(ImageStack(images))
    >>> cropped.images.shape, cropped.images.min()
    ((4, 5, 6), np.uint8(100))
    """
    if border not in _BORDERS:
        raise InputError(f"border must be one of {', '.join(_BORDERS)}, but is '{border}'.")
    frame = find_frame(stack) if border != "keep" else None
    if frame is None and border == "find" and (corners := constant_corners(stack.images)):
        stack = stack.warning(corners)
    if frame is not None and (frame.certain or border == "crop"):
        stack = stack.noting(f"{frame.text} shows no material")
    elif frame is not None:
        stack = stack.warning(
            f"{frame.text} may be left from alignment, or pore: it counts as pore; crop it "
            "(border='crop') or give a mask if it shows no material"
        )
        frame = None
    if keep_mask:
        if frame is None:
            return stack
        inside = frame.valid(_shape(stack))
        return stack.noting(valid=inside if stack.valid is None else inside & stack.valid)
    return _crop(stack, frame)


def _shape(stack: ImageStack) -> tuple[int, int, int]:
    """Return the shape of the images."""
    n, y, x = stack.images.shape
    return n, y, x


def _crop(stack: ImageStack, frame: Frame | None) -> ImageStack:
    """Crop to the largest box that is valid in every slice."""
    n, height, width = _shape(stack)
    common = np.ones((height, width), dtype=np.bool_)
    if frame is not None:
        top, bottom, left, right = frame.strips.max(axis=0)
        common[:] = False
        common[top : height - bottom, left : width - right] = True
    if stack.valid is not None:
        for mask in stack.valid:
            common &= mask
    if common.all():
        return stack.noting(valid=None)
    rows, columns = largest_box(common)
    size = rows.stop - rows.start, columns.stop - columns.start
    if min(size) < 2:
        raise InputError(
            f"no box of pixels is valid in all {n} slices: the frame moves by more than its size, "
            "or the mask is empty."
        )
    lost = 1 - n * size[0] * size[1] / _material(stack, frame)
    if lost > _LOST:
        stack = stack.warning(
            f"the largest box that shows material in every slice leaves out {lost:.0%} of the "
            "pixels that show some: the slices wander, or borders are wide"
        )
    return stack.noting(
        f"cropped to rows {rows.start} to {rows.stop - 1} and columns {columns.start} to "
        f"{columns.stop - 1}, valid in every slice: {size[0]} x {size[1]} of {height} x {width} "
        f"pixels; {lost:.1%} of the pixels that show material lie outside",
        images=map_slices(
            stack.images, lambda _, image: image[rows, columns], stack.images.dtype, size
        ),
        valid=None,
    )


def _material(stack: ImageStack, frame: Frame | None) -> int:
    """Return how many pixels of all slices show material."""
    shape = _shape(stack)
    valid = [np.ones(shape[1:], dtype=np.bool_)] * shape[0] if stack.valid is None else stack.valid
    if frame is None:
        return int(sum(np.count_nonzero(each) for each in valid))
    return int(
        sum(
            np.count_nonzero(each[top : shape[1] - bottom, left : shape[2] - right])
            for each, (top, bottom, left, right) in zip(valid, frame.strips.tolist(), strict=True)
        )
    )


def square_pixels(stack: ImageStack, *, tilt_deg: float | None = None) -> ImageStack:
    """Make pixels square, at the smaller of their two sizes.

    Parameters
    ----------
    stack : ImageStack
        Grey or binary; labels are to be segmented first, since values are interpolated.
    tilt_deg : float, optional
        Angle between the electron beam and the surface of the slices, where the images were taken
        under it and are not corrected: 52 on many instruments. y is seen foreshortened, so that
        its pixels are ``1 / sin(tilt_deg)`` as tall as they are wide: 1.27 for 52 degrees.

    Returns
    -------
    ImageStack
        With one axis resampled by linear interpolation; binary images with a little weight on the
        neighbours across, and cut at 1/2. Invalid pixels stay invalid.

    Raises
    ------
    InputError
        If the pixels of the file are not square by themselves and a tilt is given, too.

    Notes
    -----
    The convention is that of instruments with the ion column at the angle `tilt_deg` to the
    electron column: a face cut by the ion beam is looked at under that angle.

    Examples
    --------
    >>> images = np.array([[[0, 0], [90, 90]], [[0, 0], [90, 90]]], dtype=np.uint8)
    >>> stack = square_pixels(ImageStack(images, pixel_nm=(4.0, 2.0)))
    >>> stack.images[0, :, 0].tolist(), stack.pixel_nm
    ([0, 22, 68, 90], (2.0, 2.0))
    """
    y, x = stack.pixel_nm or (1.0, 1.0)
    what = "pixels"
    if tilt_deg is not None:
        if not 0 < tilt_deg <= 90:
            raise InputError(f"tilt_deg must lie between 0 and 90 degrees, but is {tilt_deg}.")
        if abs(y / x - 1) > 1e-3:
            raise InputError(
                f"pixels are {describe_size((y, x))} already, so that a tilt of {tilt_deg:g} "
                "degrees may be corrected for twice: give one of the two."
            )
        y /= sin(radians(tilt_deg))
        what = f"tilt of {tilt_deg:g} degrees: pixels"
    if abs(y / x - 1) <= 1e-3:
        return stack
    axis, ratio = (1, y / x) if y > x else (2, x / y)
    images = _resample(stack.images, axis, ratio)
    valid = None if stack.valid is None else _resample_valid(stack.valid, axis, ratio)
    side = min(y, x)
    known = stack.pixel_nm is not None
    before = describe_size((y, x)) if known else f"{y / x:.6g} times as tall as wide"
    return stack.noting(
        f"{what} of {before} resampled along {'zyx'[axis]} from {stack.images.shape[axis]} to "
        f"{images.shape[axis]}, square now" + (f": {side:.6g} nm" if known else ""),
        images=images,
        valid=valid,
        pixel_nm=(side, side) if known else None,
    )


def _positions(n: int, ratio: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return, for every finer pixel, the coarse one before its centre and the weight of the next.

    Centres of the outermost pixels lie outside of those of the coarse ones: they get its value.
    """
    centres = (np.arange(floor(n * ratio + 1e-9)) + 0.5) / ratio - 0.5
    centres = centres.clip(0, n - 1)
    before = np.minimum(centres.astype(np.int64), max(0, n - 2))
    return before, (centres - before).astype(np.float32)


def _interpolated(image: NDArray[Any], axis: int, ratio: float) -> NDArray[np.float32]:
    """Return an image (Y, X) with axis 0 or 1 resampled linearly."""
    before, weight = _positions(image.shape[axis], ratio)
    after = np.minimum(before + 1, image.shape[axis] - 1)
    values = image.astype(np.float32)
    weight = weight[:, None] if axis == 0 else weight
    low, high = values.take(before, axis), values.take(after, axis)
    return np.asarray(low + weight * (high - low))


def _resample(images: NDArray[Any], axis: int, ratio: float) -> NDArray[Any]:
    """Return a stack with one axis resampled, of the same type."""

    def finer(_: int, image: NDArray[Any]) -> NDArray[Any]:
        if images.dtype == np.bool_:
            smooth = convolve1d(image.astype(np.float32), _ACROSS, 2 - axis, mode="nearest")
            return _interpolated(smooth, axis - 1, ratio) > 0.5
        values = _interpolated(image, axis - 1, ratio)
        return np.rint(values) if images.dtype.kind in "ui" else values

    return map_slices(images, finer, images.dtype, _finer(images, axis, ratio))


def _finer(images: NDArray[Any], axis: int, ratio: float) -> tuple[int, int]:
    """Return the size of images of which one axis is resampled."""
    y, x = (
        floor(size * ratio + 1e-9) if i == axis else size
        for i, size in enumerate(images.shape[1:], start=1)
    )
    return y, x


def _resample_valid(valid: NDArray[np.bool_], axis: int, ratio: float) -> NDArray[np.bool_]:
    """Return which finer pixels take nothing from an invalid one."""
    return map_slices(
        valid,
        lambda _, mask: _interpolated(mask, axis - 1, ratio) >= 1,
        np.bool_,
        _finer(valid, axis, ratio),
    )
