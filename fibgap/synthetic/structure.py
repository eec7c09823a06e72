"""Synthetic hierarchical nanoporous gold: intersections of levelled waves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import ifft, irfft, next_fast_len

from fibgap.errors import InputError
from fibgap.settings import check_settings, described, setting


@described
@dataclass(frozen=True)
class Level:
    """One level of hierarchy: a single-wavelength Gaussian field, cut at a quantile."""

    solid_fraction: float = setting("Fraction of the volume where the level is solid.", gt=0, lt=1)
    wavelength_nm: float = setting("Wavelength of the level.", unit="nm", gt=0)
    shell_width: float = setting(
        "Full thickness of the shell of wave vectors.", 1, unit="mode spacings of the box", gt=0
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Spectrum:
    """The modes of one levelled wave in a periodic cubic box.

    Attributes
    ----------
    modes : (M, 3) int64
        Wave numbers ``n`` (z, y, x) of the half shell with ``x >= 0``; ``k = 2 pi n / box``.
    amplitudes : (M,) complex64
        Amplitudes ``A_n``; the field is ``Re sum A_n exp(i k r)``.
    box : int
        Side of the periodic box in voxels.
    """

    modes: NDArray[np.int64]
    amplitudes: NDArray[np.complex64]
    box: int


def box_side(shape: Sequence[int], box_factor: float) -> int:
    """Return the side in voxels of the periodic box from which a volume is cut.

    The box is the same in all directions, so that its modes prefer no axis, and at least
    `box_factor` times the longest side, so that no face of the volume sees its periodic image.

    Examples
    --------
    >>> box_side((128, 128, 96), 1.5)
    192
    """
    if not box_factor >= 1:
        raise InputError(f"box_factor must be at least 1, but is {box_factor}.")
    return int(next_fast_len(int(np.ceil(max(shape) * box_factor)), real=True))


def draw_spectrum(level: Level, box: int, voxel_nm: float, rng: np.random.Generator) -> Spectrum:
    """Draw the Gaussian amplitudes of one levelled wave.

    Parameters
    ----------
    level : Level
        The level of hierarchy.
    box : int
        Side of the periodic box in voxels.
    voxel_nm : float
        Voxel size in nm.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Spectrum
        All modes of the shell, half of each conjugate pair.

    Raises
    ------
    InputError
        If the wavelength is under two voxels, or so long that the box holds no mode of it.

    Notes
    -----
    A levelled wave (Cahn, J. Chem. Phys. 42, 93, 1965) has all its wave vectors on one sphere.
    ASSUME: a box has a discrete spectrum, so the sphere becomes a shell of a chosen width; every
    mode in it has the same variance.
    """
    radius = box * voxel_nm / level.wavelength_nm
    reach = radius + level.shell_width / 2
    if reach >= box / 2:
        raise InputError(
            f"wavelength_nm {level.wavelength_nm} is too short for voxels of {voxel_nm} nm: "
            "a wave needs more than two voxels."
        )
    top = int(np.floor(reach))
    side = np.arange(-top, top + 1)
    length = np.sqrt(
        side[:, None, None] ** 2 + side[None, :, None] ** 2 + side[None, None, top:] ** 2
    )
    z, y, x = np.nonzero((np.abs(length - radius) <= level.shell_width / 2) & (length > 0))
    modes = np.stack([z - top, y - top, x], axis=1).astype(np.int64)
    # In the plane x = 0 a mode and its conjugate both appear: keep one of the two.
    upper = (modes[:, 1] > 0) | ((modes[:, 1] == 0) & (modes[:, 0] > 0))
    modes = modes[(modes[:, 2] > 0) | upper]
    if len(modes) == 0:
        raise InputError(
            f"wavelength_nm {level.wavelength_nm} is too long: a box of {box} voxels of "
            f"{voxel_nm} nm with shell_width {level.shell_width} holds no mode of it."
        )
    draws = rng.standard_normal((2, len(modes))).astype(np.float32)
    return Spectrum(modes, draws[0] + 1j * draws[1], box)


def evaluate_field(
    spectrum: Spectrum, shape: Sequence[int], depths: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Evaluate a field on the corner of its box by pruned FFTs, axis after axis.

    The modes fill a small cube around the origin of Fourier space, and the volume is a part of
    the box, so each of the three one-dimensional transforms runs over the lines that are not zero
    and is cut to the volume at once. That needs far less memory than a transform of the box.

    Parameters
    ----------
    spectrum : Spectrum
        Modes and amplitudes.
    shape : (3,) int
        Delivered shape (Z, Y, X), no side longer than the box.
    depths : (N,) float64, optional
        Depths in voxels, whole or not, in place of the layers 0 to Z - 1: the field is a sum of
        waves and known everywhere.

    Returns
    -------
    float32
        Shape (Z, Y, X), or (N, Y, X) with `depths`.
    """
    box = spectrum.box
    top = int(np.abs(spectrum.modes).max())
    width = 2 * top + 1
    cube = np.zeros((width, width, top + 1), np.complex64)
    z, y, x = spectrum.modes.T
    cube[z + top, y + top, x] = spectrum.amplitudes / 2
    in_plane = x == 0  # a real transform along x still wants both conjugates where x = 0
    cube[top - z[in_plane], top - y[in_plane], 0] = spectrum.amplitudes[in_plane].conj() / 2

    def expand(lines: NDArray[np.complex64], axis: int, length: int) -> NDArray[np.complex64]:
        target = list(lines.shape)
        target[axis] = box
        padded = np.zeros(target, np.complex64)
        source, aim = np.moveaxis(lines, axis, 0), np.moveaxis(padded, axis, 0)
        aim[: top + 1] = source[top:]
        aim[box - top :] = source[:top]
        whole = ifft(padded, axis=axis, norm="forward", overwrite_x=True)
        return np.take(whole, range(length), axis)

    if depths is None:
        lines = expand(cube, 0, shape[0])
    else:
        phases = np.exp((2j * np.pi / box) * np.outer(depths, np.arange(-top, top + 1)))
        lines = np.tensordot(phases.astype(np.complex64), cube, axes=1)
    field = np.empty((len(lines), *shape[1:]), np.float32)
    block = max(1, 2**22 // (box * box))
    for start in range(0, len(lines), block):
        planes = expand(lines[start : start + block], 1, shape[1])
        rows = irfft(planes, n=box, axis=2, norm="forward")
        field[start : start + block] = rows[:, :, : shape[2]]
    return field


def cut_at_fraction(field: NDArray[np.float32], solid_fraction: float) -> NDArray[np.bool_]:
    """Cut a field so that exactly ``round(solid_fraction * size)`` voxels are solid.

    Voxels that equal the threshold become solid in C order until the number is met.

    Examples
    --------
    >>> cut_at_fraction(np.array([1, 5, 3, 3], np.float32), 0.5).tolist()
    [False, True, True, False]
    """
    count = round(solid_fraction * field.size)
    if not 0 < count < field.size:
        raise InputError(
            f"solid_fraction {solid_fraction} leaves {count} of {field.size} voxels solid: "
            "the volume would be empty or full."
        )
    flat = field.ravel()
    threshold = np.partition(flat, field.size - count)[field.size - count]
    solid = flat > threshold
    missing = count - int(np.count_nonzero(solid))
    solid[np.flatnonzero(flat == threshold)[:missing]] = True
    return solid.reshape(field.shape)


def generate_volume(
    shape: Sequence[int],
    levels: Sequence[Level],
    *,
    voxel_nm: float,
    box_factor: float = 1.5,
    seed: np.random.SeedSequence,
) -> NDArray[np.bool_]:
    """Generate a hierarchical structure: the intersection of levelled waves.

    Parameters
    ----------
    shape : (3,) int
        Delivered shape (Z, Y, X) in voxels.
    levels : sequence of Level
        Levels of hierarchy, any number; a voxel is solid where all of them are.
    voxel_nm : float
        Voxel size in nm, the same in all directions.
    box_factor : float
        Side of the periodic box over the longest side of the volume, see `box_side`.
    seed : numpy.random.SeedSequence
        Seed of this volume; each level draws from a child of its own.

    Returns
    -------
    (Z, Y, X) bool
        Solid = True; every level is solid in exactly its solid fraction, to the voxel.

    Raises
    ------
    InputError
        For an impossible shape, wavelength or solid fraction, or an empty intersection.

    Notes
    -----
    ASSUME: the paper does not say how its synthetic nanoporous gold was made; levelled waves are
    the field's standard model (Soyarslan et al., Acta Mater. 149, 326, 2018).
    """
    volume: NDArray[np.bool_] | None = None
    waves = level_fields(shape, levels, voxel_nm, box_factor, seed)
    for level, (_, field) in zip(levels, waves, strict=True):
        solid = cut_at_fraction(field, level.solid_fraction)
        volume = solid if volume is None else volume & solid
    if volume is None:
        raise InputError("levels is empty: a structure needs at least one level.")
    if not volume.any():
        raise InputError(f"the levels {list(levels)} do not intersect in shape {list(shape)}.")
    return volume


def level_fields(
    shape: Sequence[int],
    levels: Sequence[Level],
    voxel_nm: float,
    box_factor: float,
    seed: np.random.SeedSequence,
) -> Iterator[tuple[Spectrum, NDArray[np.float32]]]:
    """Yield the spectrum and the field, shape (Z, Y, X), of every level of `generate_volume`."""
    if len(shape) != 3 or min(shape) < 1:
        raise InputError(f"shape must be three positive integers, but is {list(shape)}.")
    if not voxel_nm > 0:
        raise InputError(f"voxel_nm must be positive, but is {voxel_nm}.")
    box = box_side(shape, box_factor)
    # Children are named by number, not spawned: spawning would change the parent's state.
    for index, level in enumerate(levels):
        child = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, index))
        spectrum = draw_spectrum(level, box, voxel_nm, np.random.default_rng(child))
        yield spectrum, evaluate_field(spectrum, shape)


def field_correlation(spectrum: Spectrum, lags: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the exact correlation of a field from its discrete spectrum.

    Parameters
    ----------
    spectrum : Spectrum
        Modes and amplitudes of the field.
    lags : (L, 3) int64
        Lag vectors (z, y, x) in voxels.

    Returns
    -------
    (L,) float64
        ``G(r) = sum |A_k|^2 cos(k r) / sum |A_k|^2``.

    Examples
    --------
    >>> one = Spectrum(np.array([[0, 0, 1]]), np.array([1 + 0j], np.complex64), 4)
    >>> field_correlation(one, np.array([[0, 0, 0], [0, 0, 2], [1, 0, 0]])).round(6).tolist()
    [1.0, -1.0, 1.0]
    """
    power = np.abs(spectrum.amplitudes.astype(np.complex128)) ** 2
    phase = (2 * np.pi / spectrum.box) * (np.asarray(lags) @ spectrum.modes.T)
    return np.asarray(np.cos(phase) @ power / power.sum())
