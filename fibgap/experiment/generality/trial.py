"""One row per material, volume and filler, written as it comes."""

import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd

from fibgap.arms import ORIGINAL
from fibgap.errors import FibgapWarning, InputError
from fibgap.experiment.evaluation import compare_with_truth, measure_volume
from fibgap.experiment.generality.materials import Volume, milling_of
from fibgap.fillers import FILLER_HOMES, fill, filler_names
from fibgap.io.files import write_aside
from fibgap.io.shards import Record
from fibgap.network.filler import network_options
from fibgap.network.shipped import PREFIX, offered_names, resolve_weights, weights_sha256
from fibgap.network.training.lessons import learned
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack, between_slices
from fibgap.stacks.parts import axes_like_z
from fibgap.synthetic.milling import Milling, mill_volume

MEASURES = ("tpcf", "lpf", "d")
#: What can be asked of a network behind its name.
OPTIONS = ("families", "threshold", "precision", "learn")
#: What names a row.
KEYS = ["material", "volume", "filler"]


def classical_fillers() -> list[str]:
    """Return the fillers that need no training."""
    return [n for n in filler_names() if FILLER_HOMES.get(n, "").startswith("fibgap.fillers.")]


def network_fillers() -> list[str]:
    """Return the networks that are for any material, by the names of their weights."""
    return [PREFIX + name for name in offered_names()]


def is_network(filler: str) -> bool:
    """Say whether a name is that of weights: shipped ones, or a file; with options or without."""
    weights = filler.partition("?")[0]
    return weights.startswith(PREFIX) or weights.endswith(".safetensors")


def network_of(filler: str) -> dict[str, Any]:
    """Return the options of the filler "network" for the name of weights.

    Parameters
    ----------
    filler : str
        ``shipped:NAME`` or a weights file; behind a question mark, what is asked of it, such as
        ``shipped:table_s1?families=zx&precision=bf16``. It computes in fp32 otherwise. With
        ``learn=yes`` it learns from each stack first, if y or x looks like z there.

    Raises
    ------
    InputError
        If there are no such weights, or something else is asked.
    """
    weights, _, asked = filler.partition("?")
    options = dict(parse_qsl(asked, keep_blank_values=True))
    for name in options:
        if name not in OPTIONS:
            raise InputError(f"filler '{filler}': '{name}' is none of {', '.join(OPTIONS)}.")
    precision = options.pop("precision", "fp32")
    learn = options.pop("learn", "no")
    if learn not in ("yes", "no"):
        raise InputError(f"filler '{filler}': learn is yes or no, but is '{learn}'.")
    made = network_options(
        resolve_weights(weights), "cpu", precision=precision, batch_pixels=2**19, threads=1
    )
    return {**made, **options, "learn": learn == "yes"}


def checksum_of(filler: str) -> str | None:
    """Return the first 16 digits of the SHA-256 of a network's weights file, None without one."""
    if not is_network(filler):
        return None
    return weights_sha256(filler.partition("?")[0])[:16]


def fill_by(filler: str, gapped: GappedVolume) -> Volume:
    """Fill by a classical filler, or by the network whose weights are named."""
    if is_network(filler):
        options = network_of(filler)
        if options.pop("learn"):
            stack = SliceStack(gapped.slices, gapped.positions * gapped.voxel_nm, gapped.voxel_nm)
            if axes := axes_like_z(stack):
                options["network"], _ = learned(options["network"], gapped, axes)
        return fill(gapped, "network", refuse=False, **options)
    return fill(gapped, filler, refuse=False)


def rows_of(
    truth: Volume, milling: Milling, rng: np.random.Generator, fillers: list[str], cut: int
) -> Iterator[dict[str, Any]]:
    """Yield what every filler makes of a milled volume, the true volume's own row first.

    Parameters
    ----------
    truth : (Z, Y, X) bool
        The true volume.
    milling, rng : Milling, numpy.random.Generator
        How it is milled.
    fillers : list of str
        See `fill_by`; `ORIGINAL` stands for the true volume.
    cut : int
        Side in voxels of the central cube on which D is taken; 0: D is not taken.

    Yields
    ------
    dict
        `filler`, the columns of the table of datasets, `solid_bias` (solid of the filled layers
        over the true one, less 1), `warned` (whether the filled layers depart from the known ones),
        `seconds` of processor time, with one thread, and `weights`, see `checksum_of`.
    """
    stack = mill_volume(truth, milling, voxel_nm=1.0, rng=rng)
    gapped = place_slices(stack, check=False)
    inner, missing = between_slices(truth, gapped), gapped.missing_layers
    names = MEASURES if cut else tuple(name for name in MEASURES if name != "d")

    def measured(volume: Volume) -> Record:
        return measure_volume(volume, names, cut=cut, centred=True, threads=1)

    original = measured(inner)
    for filler in fillers:
        if filler == ORIGINAL:
            yield {"filler": ORIGINAL, **original.attributes}
            continue
        begin = time.process_time()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", FibgapWarning)
            volume = fill_by(filler, gapped)
        seconds = time.process_time() - begin
        found = compare_with_truth(measured(volume), volume, gapped, truth, original).attributes
        yield {
            "filler": filler,
            **found,
            "solid_bias": volume[missing].mean() / inner[missing].mean() - 1,
            "warned": any(issubclass(each.category, FibgapWarning) for each in said),
            "seconds": round(seconds, 2),
            "weights": checksum_of(filler),
        }


def try_fillers(
    path: Path,
    material: str,
    index: int,
    make: Callable[[], tuple[Volume, np.random.Generator]],
    fillers: list[str],
    cut: int,
) -> pd.DataFrame:
    """Add the rows of one volume that a table lacks, and return the table.

    A row of a network whose weights have changed since is made anew.

    Parameters
    ----------
    path : path
        The CSV; every row is written as it comes, so a run that was stopped goes on.
    material, index
        Which volume.
    make : callable
        Returns it, and the generator that mills it.
    fillers, cut
        See `rows_of`.
    """
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=KEYS)
    weights = table["weights"] if "weights" in table else pd.Series(None, table.index, dtype=object)
    own = (table["material"] == material) & (table["volume"] == index)
    found = dict(zip(table.loc[own, "filler"], weights[own], strict=True))
    waiting = [
        name
        for name in fillers
        if name not in found or (is_network(name) and found[name] != checksum_of(name))
    ]
    if not waiting:
        return table
    table = table[~(own & table["filler"].isin(waiting))]
    truth, rng = make()
    for row in rows_of(truth, milling_of(material), rng, waiting, cut):
        new = pd.DataFrame([{"material": material, "volume": index, **row}])
        table = new if table.empty else pd.concat([table, new], ignore_index=True)
        with write_aside(path) as aside:
            table.to_csv(aside, index=False, float_format="%.6g")
        print(f"{material}, volume {index}: {row['filler']}", flush=True)
    return table
