"""Stacks and gapped volumes as records of a shard."""

import numpy as np

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
    """Return a gapped volume as a record; an origin that is not defined is left out."""
    origin = {} if gapped.origin_layer is None else {"origin_layer": gapped.origin_layer}
    return Record(
        {"slices": gapped.slices, "layers": gapped.layers},
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
    return GappedVolume(
        slices=record.arrays["slices"],
        layers=record.arrays["layers"].astype(np.int64),
        voxel_nm=float(attributes["voxel_nm"]),
        origin_layer=None if origin is None else int(origin),
        effective_voxel_nm=float(attributes["effective_voxel_nm"]),
        n_given=int(attributes["n_given"]),
    )
