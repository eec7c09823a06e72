"""A seeded search in three stages, which keeps every finished setting at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import qmc

from fibgap import seeds
from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.experiment.calibration.original import Setting, parameter_names, summary
from fibgap.io.digests import digest
from fibgap.io.files import write_aside

#: The sections of a configuration on which a search depends.
SEARCHED = ("base_seed", "generate_volumes", "mill_slices", "measure", "calibrate")


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
        One row per setting, the nearest to the target first.
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
    also = [_judged(structure, levels) for structure in search["finalists"]["also"]]
    claim(out, digest([config[key] for key in SEARCHED] + [target.to_dict()]))

    def stage(name: str, settings: list[Setting], measures: list[str]) -> pd.DataFrame:
        evaluate = partial(
            summary,
            config=config,
            datasets=search[name]["datasets"],
            measures=measures,
            target=target,
            first=search[name].get("first_dataset", 0),
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
    finalists = _settings_of(refined, search["finalists"]["settings"], levels) + also
    return stage("finalists", list(dict.fromkeys(finalists)), ["tpcf", "lpf", "d"])


def _judged(structure: Mapping[str, list[float]], levels: int) -> Setting:
    """Return a structure that is judged in any case as a setting of so many levels."""
    solid, wavelengths = structure["solid_fraction"], structure["wavelength_nm"]
    if not len(solid) == len(wavelengths) == levels:
        raise InputError(
            f"configuration: calibrate.finalists.also must give {levels} solid_fraction and "
            f"wavelength_nm, one per level, but has {solid} and {wavelengths}."
        )
    return tuple(float(number) for pair in zip(solid, wavelengths, strict=True) for number in pair)


def claim(out: Path, mark: str) -> None:
    """Mark a folder as that of one search; refuse the folder of another."""
    path = out / "search.txt"
    if path.is_file() and path.read_text(encoding="utf-8").strip() != mark:
        raise InputError(f"folder {out} holds a search under another configuration.")
    with write_aside(path) as aside:
        aside.write_text(f"{mark}\n", encoding="utf-8")
