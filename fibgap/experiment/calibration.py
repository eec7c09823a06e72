"""Calibration of the structure: a seeded search that looks at the Original row alone.

``python -m fibgap.experiment.calibration config/calibration.yaml --out FOLDER``
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import qmc

from fibgap import seeds
from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.experiment.evaluation import measure_volume
from fibgap.experiment.reference import read_reference
from fibgap.io.digests import digest
from fibgap.io.files import write_aside
from fibgap.stack import nearest_layer
from fibgap.synthetic.milling import draw_depths
from fibgap.synthetic.structure import Level, generate_volume

#: A setting: per level, solid fraction and wavelength in nm.
Setting = tuple[float, ...]
#: The sections of a configuration on which a search depends.
SEARCHED = ("base_seed", "generate_volumes", "mill_slices", "measure", "calibrate")


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


def draw_settings(
    low: Sequence[float], high: Sequence[float], count: int, seed: np.random.SeedSequence
) -> list[Setting]:
    """Draw settings that cover a box evenly in the logarithm (a Latin hypercube).

    Parameters
    ----------
    low, high : (P,) sequence of float
        Corners of the box.
    count : int
        How many settings.
    seed : numpy.random.SeedSequence
        Decides them.

    Returns
    -------
    list of tuple
        `count` settings of P numbers, rounded to four digits, so that a table holds them exactly.
    """
    unit = qmc.LatinHypercube(len(low), rng=np.random.default_rng(seed)).random(count)
    logs = np.log(low) + unit * (np.log(high) - np.log(low))
    return [tuple(float(f"{value:.4g}") for value in row) for row in np.exp(logs)]


def original_errors(
    setting: Setting, config: configuration.Config, datasets: int, measures: Sequence[str]
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

    Returns
    -------
    pandas.DataFrame
        One row a dataset, one column a measure.
    """
    structure = config["generate_volumes"]
    levels = [Level(*setting[i : i + 2]) for i in range(0, len(setting), 2)]
    milling, voxel_nm = configuration.milling_of(config), structure["voxel_nm"]
    rows = []
    for dataset in range(datasets):
        volume = generate_volume(
            structure["shape"],
            levels,
            voxel_nm=voxel_nm,
            box_factor=structure["box_factor"],
            seed=seeds.sequence(config["base_seed"], "evaluation_volumes", dataset),
        )
        rng = seeds.generator(config["base_seed"], "milling", dataset)
        last = nearest_layer(draw_depths(milling, (len(volume) - 1) * voxel_nm, rng), voxel_nm)[-1]
        record = measure_volume(
            volume[: last + 1],
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


def _summary(
    setting: Setting,
    *,
    config: configuration.Config,
    datasets: int,
    measures: Sequence[str],
    target: pd.DataFrame,
) -> dict[str, float]:
    """Return one row of a stage's table: the setting, its Original row, its distance."""
    search = config["calibrate"]
    errors = original_errors(setting, config, datasets, measures)
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


def run_stage(
    settings: Sequence[Setting],
    path: Path,
    evaluate: Callable[[Setting], dict[str, float]],
    *,
    processes: int,
) -> pd.DataFrame:
    """Evaluate settings in parallel, keeping every finished one in a table at once.

    Parameters
    ----------
    settings : sequence of tuple
        What to evaluate.
    path : path
        The stage's CSV; settings that it holds already are not evaluated again.
    evaluate : callable
        Returns a row; must be importable by other processes.
    processes : int
        How many settings at a time.

    Returns
    -------
    pandas.DataFrame
        One row a setting, the nearest to the target first.
    """
    names = parameter_names(len(settings[0]) // 2)
    rows: list[dict[Any, Any]] = pd.read_csv(path).to_dict("records") if path.is_file() else []
    rows = [row for row in rows if tuple(row[name] for name in names) in set(settings)]
    done = {tuple(row[name] for name in names) for row in rows}
    waiting = [setting for setting in settings if setting not in done]
    for row in _evaluated(evaluate, waiting, processes):
        rows.append(row)
        table = pd.DataFrame(rows).sort_values(["distance", *names], ignore_index=True)
        with write_aside(path) as aside:
            table.to_csv(aside, index=False)
        print(
            f"{path.stem}: {len(rows)}/{len(settings)} settings, nearest "
            f"{table['distance'][0]:.2f}",
            flush=True,
        )
    return pd.read_csv(path)


def _evaluated(
    evaluate: Callable[[Setting], dict[str, float]], settings: Sequence[Setting], processes: int
) -> Iterator[dict[str, float]]:
    """Yield rows as they are finished; one process needs no pool."""
    if processes == 1:
        yield from map(evaluate, settings)
        return
    # Spawned, not forked: torch's threads do not survive a fork.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for job in as_completed([pool.submit(evaluate, setting) for setting in settings]):
            yield job.result()


def _settings_of(table: pd.DataFrame, count: int, levels: int) -> list[Setting]:
    return list(table[parameter_names(levels)].head(count).itertuples(index=False, name=None))


def calibrate(
    config: configuration.Config, target: pd.DataFrame, out: Path, *, processes: int = 1
) -> pd.DataFrame:
    """Search the structure whose Original row is nearest to the paper's.

    Parameters
    ----------
    config : dict
        A checked configuration with a section "calibrate".
    target : pandas.DataFrame
        The row to reach, indexed by measure, with columns "mean" and "sd".
    out : path
        Folder for ``screen.csv``, ``refine.csv`` and ``finalists.csv``; a search that was stopped
        goes on from them.
    processes : int
        Settings at a time.

    Returns
    -------
    pandas.DataFrame
        The finalists, the nearest first.

    Raises
    ------
    InputError
        If the configuration has no such section, or `out` holds another search.

    Notes
    -----
    Three stages. Screen: a Latin hypercube over the ranges, few datasets, TPCF and LPF. Refine:
    the better half of what is refined comes from the screen, the rest is a hypercube over the box
    around these; many datasets. Finalists: D as well. The distance is the largest deviation of
    a mean or a standard deviation, in units of what is tolerated. The arms are never looked at.
    """
    if "calibrate" not in config:
        raise InputError("configuration: calibrate is missing, so there is nothing to search.")
    search = config["calibrate"]
    levels = len(search["levels"])
    bounds = [
        level[name] for level in search["levels"] for name in ("solid_fraction", "wavelength_nm")
    ]
    low, high = zip(*bounds, strict=True)
    if any(a > b for a, b in bounds):
        raise InputError(
            f"configuration: calibrate.levels has a range that runs backwards: {bounds}."
        )
    _claim(out, digest([config[key] for key in SEARCHED] + [target.to_dict()]))

    def stage(name: str, settings: list[Setting], measures: list[str]) -> pd.DataFrame:
        evaluate = partial(
            _summary,
            config=config,
            datasets=search[name]["datasets"],
            measures=measures,
            target=target,
        )
        return run_stage(settings, out / f"{name}.csv", evaluate, processes=processes)

    first = draw_settings(
        low, high, search["screen"]["settings"], seeds.sequence(config["base_seed"], "calibration")
    )
    screened = stage("screen", first, ["tpcf", "lpf"])
    half = max(2, search["refine"]["settings"] // 2)
    kept = _settings_of(screened, half, levels)
    more = draw_settings(
        np.min(kept, axis=0),
        np.max(kept, axis=0),
        max(1, search["refine"]["settings"] - half),
        seeds.sequence(config["base_seed"], "calibration", 1),
    )
    refined = stage("refine", list(dict.fromkeys([*kept, *more])), ["tpcf", "lpf"])
    finalists = _settings_of(refined, search["finalists"]["settings"], levels)
    return stage("finalists", finalists, ["tpcf", "lpf", "d"])


def _claim(out: Path, mark: str) -> None:
    """Mark a folder as that of one search; refuse the folder of another."""
    path = out / "search.txt"
    if path.is_file() and path.read_text(encoding="utf-8").strip() != mark:
        raise InputError(f"folder {out} holds a search under another configuration.")
    with write_aside(path) as aside:
        aside.write_text(f"{mark}\n", encoding="utf-8")


def main(arguments: Iterable[str] | None = None) -> int:
    """Parse the command line, search, and print the finalists."""
    parser = argparse.ArgumentParser(
        prog="python -m fibgap.experiment.calibration", description=__doc__
    )
    parser.add_argument("config", type=Path, help="configuration file with a section 'calibrate'")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    parser.add_argument(
        "--reference",
        type=Path,
        default=Path("config/reference/table_S3.csv"),
        help="published values; the row Original is the target",
    )
    parser.add_argument("--processes", type=int, default=1, help="settings at a time")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        if options.processes < 1:
            raise InputError(f"--processes must be at least 1, but is {options.processes}.")
        reference = read_reference(options.reference)
        table = calibrate(
            configuration.load(options.config),
            reference[reference["arm"] == ORIGINAL].set_index("measure"),
            options.out,
            processes=options.processes,
        )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table.to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
