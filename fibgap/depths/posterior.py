"""What all pairs of slices say of their distances, and of how distances are distributed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fibgap.depths.similarity import STEP

#: Distances are normal around their mean, but for this share, which may be anything: gaps.
GAPS = 1 / 300
#: Deviations of distances that are thought likely, as a share of their mean: up to about this.
_SPREAD = 0.3
#: Means and deviations that are tried.
_MEANS, _SPREADS = 41, 24
#: The smallest deviation that is tried, in pixels.
_LEAST_SPREAD = 0.1


@dataclass(frozen=True)
class Told:
    """Distances between slices, and how well they are known.

    Attributes
    ----------
    mean, sd : (N - 1,) float64
        Posterior mean and standard deviation of every distance, in pixels.
    far : (N - 1,) float64
        Probability that it lies beyond the reach of the images.
    common_sd : float
        Relative standard deviation of the sum of all distances that comes from not knowing how they
        are distributed.
    typical, spread : float
        Mean and standard deviation of distances.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    far: NDArray[np.float64]
    common_sd: float
    typical: float
    spread: float


def tell(likelihood: NDArray[np.float64], grid: NDArray[np.float64], reach: float) -> Told:
    """Return what likelihoods say of distances that come from one distribution.

    Parameters
    ----------
    likelihood : (N - 1, G) float64
        Logarithm of the likelihood of every distance of `grid`, for every pair of slices.
    grid : (G,) float64
        Distances in pixels, in equal steps.
    reach : float
        The largest distance that images tell.

    Notes
    -----
    Distances are normal with an unknown mean and deviation, but for a share `GAPS`, which is spread
    evenly over the grid. All pairs of a mean and a deviation are tried, and weighted by what all
    distances say of them. The prior is flat for the mean and half a normal for the deviation, whose
    own deviation is 0.3 of the mean. So a distance that images do not tell is as uncertain as the
    other ones leave it.

    Examples
    --------
    Two pairs are told to be 2 and 4 pixels apart, a third one is not told at all.

    >>> grid = np.arange(0.1, 10, 0.1)
    >>> centres = np.array([[2.0], [4.0], [3.0]])
    >>> widths = np.array([[0.1], [0.1], [1e3]])
    >>> told = tell(-0.5 * ((grid - centres) / widths) ** 2, grid, reach=9.0)
    >>> told.mean.round(1).tolist(), told.sd.round(1).tolist()
    ([2.0, 4.0, 3.2], [0.1, 0.1, 1.3])
    """
    near = grid <= reach + STEP / 2
    best = grid[near][np.argmax(likelihood[:, near], axis=1)]
    means, spreads = (
        values.ravel()
        for values in np.meshgrid(
            np.linspace(best.min(), best.max(), _MEANS),
            np.geomspace(_LEAST_SPREAD, reach / 2, _SPREADS),
            indexing="ij",
        )
    )
    prior = np.exp(-0.5 * ((grid - means[:, None]) / spreads[:, None]) ** 2)
    prior = (1 - GAPS) * prior / prior.sum(axis=1, keepdims=True) + GAPS / len(grid)
    seen = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    evidence = seen @ prior.T
    # Deviations are tried in equal ratios: the factor `spreads` makes the prior flat for them.
    log = np.log(evidence).sum(axis=0) + np.log(spreads) - 0.5 * (spreads / (_SPREAD * means)) ** 2
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    posterior = seen * ((weight / evidence) @ prior)
    mean = posterior @ grid
    variance = np.maximum(posterior @ grid**2 - mean**2, STEP**2 / 12)
    sums = ((seen * grid) @ prior.T / evidence).sum(axis=0)
    common = np.sqrt(max(0.0, float(weight @ sums**2 - (weight @ sums) ** 2)))
    return Told(
        mean=mean,
        sd=np.sqrt(variance),
        far=posterior[:, ~near].sum(axis=1),
        common_sd=common / float(weight @ sums),
        typical=float(weight @ means),
        spread=float(weight @ spreads),
    )
