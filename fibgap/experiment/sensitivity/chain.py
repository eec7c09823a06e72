"""One dataset under one setting: milled, measured in depth, placed, filled, measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap import seeds
from fibgap.arms import ORIGINAL, Arm
from fibgap.depths import Depths
from fibgap.experiment.depth_sources import TRUE, depth_errors, estimate_depths, settings_of
from fibgap.experiment.evaluation import (
    compare_with_truth,
    error_in_all_layers,
    measure_volume,
    within_truth,
)
from fibgap.io.shards import Record
from fibgap.placement import placement_facts
from fibgap.rebuilding import rebuild
from fibgap.stack import SliceStack, between_slices
from fibgap.synthetic.milling import Milling, mill_volume


@dataclass(frozen=True)
class Measuring:
    """How every volume is placed, repaired and measured.

    Attributes
    ----------
    names : tuple of str
        Measures, see `fibgap.measures`.
    cut : int
        Side of the cut for D in voxels, see `fibgap.experiment.evaluation.measure_volume`.
    max_pixels : int
        Area of the largest hole that is filled, for arms that fill holes.
    threads : int
        Threads of the solver of D.
    centred : bool
        Whether the TPCF is centred, see `fibgap.experiment.evaluation.measure_volume`.
    voxel_nm : float
        Side of a voxel, for measures that are lengths.
    positions : str
        What fillers see of depths below the voxel, see `fibgap.placement.place_slices`.
    """

    names: tuple[str, ...]
    cut: int
    max_pixels: int
    threads: int = 1
    centred: bool = False
    voxel_nm: float = 1.0
    positions: str = "rounded"

    def measure(self, volume: NDArray[np.bool_]) -> Record:
        """Measure one volume on its own."""
        return measure_volume(
            volume,
            self.names,
            cut=self.cut,
            centred=self.centred,
            voxel_nm=self.voxel_nm,
            threads=self.threads,
        )


def measure_depths(stack: SliceStack, error_nm: float, rng: np.random.Generator) -> SliceStack:
    """Return a stack whose depths were measured with an error.

    Parameters
    ----------
    stack : SliceStack
        Slices at their true depths.
    error_nm : float
        Standard deviation of the error of a depth in nm.
    rng : numpy.random.Generator
        Source of randomness; draws one number a slice, whatever the error.

    Returns
    -------
    SliceStack
        The same slices in the same order at depths that increase; the same depths bit for bit if
        the error is 0.

    Notes
    -----
    ASSUME: every depth has a normal error of its own, independent of all others, as where each
    slice shows a mark of reference. Errors of increments that add up would be a drift besides.
    The order in which slices were milled is known, so measured depths that contradict it are
    exchanged: the i-th slice takes the i-th smallest depth. Slices that still round to one layer
    are the placement's business, which keeps the one nearest to the layer's centre.

    Examples
    --------
    >>> slices = np.array([[[1, 0]], [[1, 1]], [[0, 1]]], dtype=bool)
    >>> stack = SliceStack(slices, np.array([0.0, 6.0, 20.0]), 2.5)
    >>> measure_depths(stack, 0.0, np.random.default_rng(0)).depths_nm.tolist()
    [0.0, 6.0, 20.0]
    >>> measure_depths(stack, 1.0, np.random.default_rng(0)).depths_nm.round(2).tolist()
    [0.13, 5.87, 20.64]
    """
    errors = error_nm * rng.standard_normal(len(stack.depths_nm))
    return replace(stack, depths_nm=np.sort(stack.depths_nm + errors))


def _measure_arm(
    arm: Mapping[str, Any],
    stack: SliceStack,
    truth: NDArray[np.bool_],
    true_record: Record,
    nominal_nm: float,
    options: Mapping[str, Any],
    measuring: Measuring,
) -> Record:
    """Rebuild the volume of one arm and measure it as the rules of the main experiment do."""
    rebuilt = rebuild(
        stack,
        Arm.of(arm),
        nominal_nm=nominal_nm,
        max_pixels=measuring.max_pixels,
        options={**options, "refuse": False},
        positions=measuring.positions,
        # The layers of the true volume are rebuilt, wherever the first slice is taken to lie.
        grid_start_nm=0.0,
        check=False,
    )
    volume, gapped = rebuilt.volume, rebuilt.gapped
    facts: dict[str, Any] = dict(placement_facts(gapped))
    if rebuilt.holes is not None:
        facts |= {"holes": rebuilt.holes.holes, "hole_pixels": rebuilt.holes.pixels}
    alone = measuring.measure(volume)
    part, volume = within_truth(gapped, volume, len(truth))
    compared = compare_with_truth(alone, volume, part, truth, true_record)
    facts["voxel_error_all"] = error_in_all_layers(volume, part, truth)
    return Record(compared.arrays, {**compared.attributes, **facts})


def evaluate_dataset(
    truth: NDArray[np.bool_],
    arms: Sequence[Mapping[str, Any]],
    *,
    milling: Milling,
    voxel_nm: float,
    nominal_nm: float,
    depth_error_nm: float,
    measuring: Measuring,
    base_seed: int,
    dataset: int,
    depths: Mapping[str, Mapping[str, Any]] | None = None,
    fill_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Record]:
    """Measure the true volume and every arm of one dataset under one setting.

    Parameters
    ----------
    truth : (Z, Y, X) bool
        The true volume of the dataset.
    arms : sequence of dict
        Rows of the arm table.
    milling, nominal_nm, depth_error_nm, depths
        See `fibgap.experiment.sensitivity.plan.Setting`.
    voxel_nm : float
        Voxel size in nm.
    measuring : Measuring
        How volumes are repaired and measured.
    base_seed, dataset : int
        Slices and errors of depths are drawn from the streams of this dataset, so that settings
        are compared on the same true volumes and with the same random numbers.
    fill_options : mapping, optional
        By arm, what its filler wants besides: a network needs its model.

    Returns
    -------
    dict of Record
        By arm, `ORIGINAL` first; the attributes are columns of the table of datasets, with the
        mean and the relative standard deviation of the slices as they were milled, and
        `voxel_error_all`, the share of misclassified voxels in all layers; where an arm is not told
        true depths, the errors of depths besides.

    Notes
    -----
    Errors of voxels in the filled layers alone say little about wrong depths: a slice in the wrong
    layer is wrong, too, and hides the layer that would have been filled worse. Hence the share in
    all layers, which also grows with the number of layers to fill.
    """
    stack = mill_volume(
        truth, milling, voxel_nm=voxel_nm, rng=seeds.generator(base_seed, "milling", dataset)
    )
    measured = measure_depths(
        stack, depth_error_nm, seeds.generator(base_seed, "depth_errors", dataset)
    )
    original = measuring.measure(between_slices(truth, stack))
    records = {ORIGINAL: original}
    settings = {"depths": depths, "place_slices": {"nominal_nm": nominal_nm}}
    told = {TRUE: Depths(measured.depths_nm, "measured")}
    for source in dict.fromkeys(arm.get("depths", TRUE) for arm in arms):
        if source != TRUE:
            read = settings_of(settings, source)
            told[source] = estimate_depths(
                stack, source, read, base_seed=base_seed, dataset=dataset
            )
    for arm in arms:
        options = (fill_options or {}).get(arm["name"], {})
        own = told[arm.get("depths", TRUE)]
        placed = replace(stack, depths_nm=own.depths_nm)
        record = _measure_arm(arm, placed, truth, original, nominal_nm, options, measuring)
        if len(told) > 1:
            errors = depth_errors(own, stack.depths_nm)
            record = Record(record.arrays, {**record.attributes, **errors})
        records[arm["name"]] = record
    milled = _as_milled(stack)
    return {
        arm: Record(record.arrays, {**record.attributes, **milled})
        for arm, record in records.items()
    }


def _as_milled(stack: SliceStack) -> dict[str, float]:
    """Return mean and relative spread of the slices of a stack."""
    steps = np.diff(stack.depths_nm)
    mean = float(steps.mean())
    return {
        "milled_mean_voxels": mean / stack.voxel_nm,
        "milled_relative_sd": float(steps.std()) / mean,
    }
