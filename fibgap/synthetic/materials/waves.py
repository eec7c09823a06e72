"""Structures of waves, and fields with a power law."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from fibgap.synthetic.materials.fields import log_uniform, power_law_field
from fibgap.synthetic.materials.registry import Volume, register
from fibgap.synthetic.structure import Level, cut_at_fraction, generate_volume


def _waves(shape: Sequence[int], levels: Sequence[Level], rng: np.random.Generator) -> Volume:
    seed = np.random.SeedSequence(int(rng.integers(2**63)))
    # A coarse wave needs a box that holds enough of its modes.
    longest = max(level.wavelength_nm for level in levels)
    factor = max(1.5, 1.5 * longest / max(shape))
    return generate_volume(shape, levels, voxel_nm=1.0, box_factor=factor, seed=seed)


@register("structure")
def structure(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return the experiment's own structure."""
    return _waves(shape, levels, rng)


@register("structure_finer")
def structure_finer(
    shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]
) -> Volume:
    """Return the experiment's own structure at pixels 1 to 4 times finer."""
    finer = log_uniform(1, 4, rng)
    return _waves(
        shape, [Level(level.solid_fraction, level.wavelength_nm * finer) for level in levels], rng
    )


@register("one_level")
def one_level(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return a levelled wave: solid .05 to .95, wavelength 6 to 120."""
    return _waves(shape, [Level(float(rng.uniform(0.05, 0.95)), log_uniform(6, 120, rng))], rng)


@register("two_levels")
def two_levels(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return two levelled waves: each .3 to .9 solid, one 12 to 120 long, the other shorter.

    Solid and pore change places in every second volume.
    """
    coarse = log_uniform(12, 120, rng)
    fine = max(6.0, coarse * log_uniform(0.15, 0.8, rng))
    both = [Level(float(rng.uniform(0.3, 0.9)), length) for length in (coarse, fine)]
    volume = _waves(shape, both, rng)
    return ~volume if rng.random() < 0.5 else volume


@register("rough")
def rough(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return a field of amplitude k^-1.6 to k^-2.6, blurred by 0.7 to 1.5, solid .2 to .8."""
    field = power_law_field(shape, rng.uniform(1.6, 2.6), rng)
    return cut_at_fraction(gaussian_filter(field, rng.uniform(0.7, 1.5)), rng.uniform(0.2, 0.8))


@register("rougher")
def rougher(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return a field of amplitude k^-1.3 to k^-2, blurred by 0.3 to 0.7, solid .2 to .8."""
    field = power_law_field(shape, rng.uniform(1.3, 2.0), rng)
    return cut_at_fraction(gaussian_filter(field, rng.uniform(0.3, 0.7)), rng.uniform(0.2, 0.8))
