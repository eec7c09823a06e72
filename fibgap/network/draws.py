"""Draws: volumes as rough as the truth, cut from a probability by a correlated random field."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from fibgap import seeds
from fibgap.errors import InputError

#: Width in voxels of what a random field is smoothed with. It decides how fine the surfaces of a
#: draw are.
SIGMA = 1.5


def random_field(
    shape: Sequence[int], rng: np.random.Generator, sigma: float = SIGMA
) -> NDArray[np.float32]:
    """Return a correlated field of normal numbers, of mean 0 and standard deviation 1.

    Parameters
    ----------
    shape : (3,) int
        Shape (Z, Y, X) in voxels.
    rng : numpy.random.Generator
        Decides the field.
    sigma : float
        Standard deviation in voxels of the Gaussian that smooths white noise; 0 leaves it white.

    Returns
    -------
    (Z, Y, X) float32
        Values at a distance ``r`` are correlated by ``exp(-r² / (4 sigma²))``.

    Raises
    ------
    InputError
        If `sigma` is negative.
    """
    if not sigma >= 0:
        raise InputError(f"sigma of a draw must be 0 or more voxels, but is {sigma}.")
    field = rng.standard_normal(tuple(shape), dtype=np.float32)
    if sigma:
        field = gaussian_filter(field, sigma, mode="wrap")
        # What is left of a single 1 along one axis; squares of it add up to the variance.
        for side in shape:
            one = np.zeros(side)
            one[0] = 1
            field /= np.float32(np.linalg.norm(gaussian_filter(one, sigma, mode="wrap")))
    return field


def draw(
    probability: NDArray[np.float32],
    number: int = 0,
    *,
    sigma: float = SIGMA,
    strength: float = 1.0,
) -> NDArray[np.bool_]:
    """Draw a volume from the probability of solid in every voxel.

    Parameters
    ----------
    probability : (Z, Y, X) float32
        Probability of solid, 0 to 1.
    number : int
        Which draw: the same number gives the same volume.
    sigma : float
        See `random_field`.
    strength : float
        What the random field is multiplied by: 0 cuts at one half, 1 gives a draw.

    Returns
    -------
    (Z, Y, X) bool
        Solid where the probability exceeds that of a random field. With strength 1 every voxel is
        solid in as large a share of all draws as its probability says, and voxels that lie
        together change together.

    Notes
    -----
    A cut at one half shows what is most likely in each voxel. It is smoother than any truth and
    loses what is small. A draw looks like a truth that is possible, and misclassifies more voxels.

    Examples
    --------
    >>> sure = np.array([[[0.0, 1.0]]], dtype=np.float32)
    >>> draw(sure, 3).tolist()
    [[[False, True]]]
    """
    field = random_field(probability.shape, seeds.generator(0, "draws", number), sigma)
    cut = ndtr(np.float32(strength) * field)
    # The cut is 0 or 1 only by rounding: what is certain stays so.
    return np.asarray((probability >= cut) & (probability > 0) | (probability >= 1))


def confidence_percent(
    probability: NDArray[np.float32], solid: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return how probable it is that each voxel is what a volume says, in whole percent.

    Parameters
    ----------
    probability : (Z, Y, X) float32
        Probability of solid; values outside 0 to 1 count as these.
    solid : (Z, Y, X) bool
        What the volume says.

    Returns
    -------
    (Z, Y, X) uint8
        0 to 100; where the probability was cut at one half, 50 or more.

    Examples
    --------
    >>> values = np.array([[[0.1, 0.75, 1.2]]], dtype=np.float32)
    >>> confidence_percent(values, values >= 0.5).tolist()
    [[[90, 75, 100]]]
    """
    share = np.clip(probability, 0, 1)
    return np.asarray(np.rint(100 * np.where(solid, share, 1 - share)), dtype=np.uint8)
