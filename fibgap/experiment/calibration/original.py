"""The Original row of a structure, and how far it is from the published one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fibgap import seeds
from fibgap.experiment import config as configuration
from fibgap.experiment.evaluation import measure_volume
from fibgap.stack import between_slices
from fibgap.synthetic.milling import mill_volume
from fibgap.synthetic.structure import Level, generate_volume

#: A setting: per level, solid fraction and wavelength in nm.
Setting = tuple[float, ...]


def parameter_names(levels: int) -> list[str]:
    """Return the names of a setting's numbers, level after level, the coarsest first.

    Examples
    --------
    >>> parameter_names(1)
    ['solid_fraction_1', 'wavelength_nm_1']
    """
    return [
        f"{name}_{i + 1}" for i in range(levels) for name in ("solid_fraction", "wavelength_nm")
    ]


def original_errors(
    setting: Setting,
    config: configuration.Config,
    datasets: int,
    measures: Sequence[str],
    *,
    first: int = 0,
) -> pd.DataFrame:
    """Return the anisotropy errors of true volumes under one setting.

    Parameters
    ----------
    setting : tuple of float
        See `parameter_names`.
    config : dict
        A checked configuration: shape, voxel size, milling, cut of D and seed are taken from it.
    datasets : int
        How many volumes, from the same seeds under every setting.
    measures : sequence of str
        See `fibgap.measures`.
    first : int
        Number of the first volume.

    Returns
    -------
    pandas.DataFrame
        One row per dataset, one column per measure.
    """
    structure = config["generate_volumes"]
    levels = [Level(*setting[i : i + 2]) for i in range(0, len(setting), 2)]
    milling, voxel_nm = configuration.milling_of(config), structure["voxel_nm"]
    rows = []
    for dataset in range(first, first + datasets):
        volume = generate_volume(
            structure["shape"],
            levels,
            voxel_nm=voxel_nm,
            box_factor=structure["box_factor"],
            seed=seeds.sequence(config["base_seed"], "evaluation_volumes", dataset),
        )
        rng = seeds.generator(config["base_seed"], "milling", dataset)
        record = measure_volume(
            between_slices(volume, mill_volume(volume, milling, voxel_nm=voxel_nm, rng=rng)),
            measures,
            cut=config["measure"]["diffusivity_cut"],
            centred=config["measure"]["tpcf_centred"],
            threads=1,
        )
        rows.append({name: record.attributes[f"anisotropy_{name}"] for name in measures})
    return pd.DataFrame(rows)


def distance(
    means: dict[str, float],
    sds: dict[str, float],
    target: pd.DataFrame,
    *,
    mean_tolerance: float,
    sd_tolerance: float,
) -> float:
    """Return the largest deviation from the target row, in units of what is tolerated.

    Parameters
    ----------
    means, sds : dict of float
        Mean and standard deviation over datasets, by measure.
    target : pandas.DataFrame
        Indexed by measure, with columns "mean" and "sd".
    mean_tolerance, sd_tolerance : float
        Relative deviations that are still agreement.

    Returns
    -------
    float
        At most 1 if every mean and every standard deviation agrees.

    Examples
    --------
    >>> target = pd.DataFrame({"mean": [0.10], "sd": [0.02]}, index=["tpcf"])
    >>> round(
    ...     distance({"tpcf": 0.11}, {"tpcf": 0.02}, target, mean_tolerance=0.1, sd_tolerance=1), 6
    ... )
    1.0
    """
    worst = 0.0
    for name, mean in means.items():
        wanted = target.loc[name]
        deviations = (
            float(abs(mean / wanted["mean"] - 1) / mean_tolerance),
            float(abs(sds[name] / wanted["sd"] - 1) / sd_tolerance),
        )
        worst = max(worst, *deviations)
    # A structure whose D is undefined in some volume is no candidate.
    return worst if np.isfinite([*means.values(), *sds.values()]).all() else float("inf")


def summary(
    setting: Setting,
    *,
    config: configuration.Config,
    datasets: int,
    measures: Sequence[str],
    target: pd.DataFrame,
    first: int = 0,
) -> dict[str, float]:
    """Return one row of a stage's table: the setting, its Original row, its distance."""
    search = config["calibrate"]
    errors = original_errors(setting, config, datasets, measures, first=first)
    means = {name: float(errors[name].mean(skipna=False)) for name in measures}
    sds = {name: float(errors[name].std(skipna=False)) for name in measures}
    far = distance(
        means,
        sds,
        target,
        mean_tolerance=search["mean_tolerance"],
        sd_tolerance=search["sd_tolerance"],
    )
    row = dict(zip(parameter_names(len(setting) // 2), setting, strict=True))
    row |= {f"{name}_mean": means[name] for name in measures}
    row |= {f"{name}_sd": sds[name] for name in measures}
    return {**row, "datasets": datasets, "distance": far}
