"""Stacks and gapped volumes as records of a shard."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.io.shards import Record
from fibgap.stack import GappedVolume, SliceStack


def stack_to_record(stack: SliceStack) -> Record:
    """Return a slice stack as a record."""
    return Record(
        {"slices": stack.slices, "depths_nm": stack.depths_nm}, {"voxel_nm": stack.voxel_nm}
    )


def stack_from_record(record: Record) -> SliceStack:
    """Return the slice stack of a record."""
    return SliceStack(
        record.arrays["slices"], record.arrays["depths_nm"], record.attributes["voxel_nm"]
    )


def gapped_to_record(gapped: GappedVolume) -> Record:
    """Return a gapped volume as a record.

    What says nothing is left out: an origin that is not defined, positions that are the layers
    themselves, and further slices where there are none.
    """
    origin = {} if gapped.origin_layer is None else {"origin_layer": gapped.origin_layer}
    arrays: dict[str, NDArray[Any]] = {"slices": gapped.slices, "layers": gapped.layers}
    if not np.array_equal(gapped.positions, gapped.layers):
        arrays["positions"] = gapped.positions
    if len(gapped.spare_slices):
        arrays |= {
            "spare_slices": gapped.spare_slices,
            "spare_positions": gapped.spare_positions,
        }
    return Record(
        arrays,
        {
            **origin,
            "voxel_nm": gapped.voxel_nm,
            "effective_voxel_nm": gapped.effective_voxel_nm,
            "n_given": gapped.n_given,
            "n_kept": len(gapped.layers),
            "n_layers": gapped.n_layers,
            "largest_gap_layers": gapped.largest_gap,
        },
    )


def gapped_from_record(record: Record) -> GappedVolume:
    """Return the gapped volume of a record."""
    attributes = record.attributes
    origin = attributes.get("origin_layer")
    names = ("positions", "spare_slices", "spare_positions")
    further = {name: record.arrays[name] for name in names if name in record.arrays}
    return GappedVolume(
        slices=record.arrays["slices"],
        layers=record.arrays["layers"].astype(np.int64),
        voxel_nm=float(attributes["voxel_nm"]),
        origin_layer=None if origin is None else int(origin),
        effective_voxel_nm=float(attributes["effective_voxel_nm"]),
        n_given=int(attributes["n_given"]),
        **further,
    )
