"""A gapped stack, in memory and in a file, that networks fill."""

from pathlib import Path

import numpy as np

from fibgap.io.hdf5 import create_hdf5, write_array
from fibgap.io.records import gapped_to_record
from fibgap.io.shards import group_name
from fibgap.stack import GappedVolume

#: Known layers, one to five apart.
LAYERS = np.array([0, 2, 3, 7, 11, 12, 17, 20, 24])


def make_gapped(n_y: int, n_x: int, layers=LAYERS) -> GappedVolume:
    """Return a gapped volume of noisy waves, another pattern along every axis."""
    rng = np.random.default_rng(4)
    z, y, x = np.ogrid[: len(layers), :n_y, :n_x]
    waves = np.cos(0.45 * layers[z] + 0.4 * y) + np.cos(0.7 * y - 0.3 * x) + np.cos(0.5 * x)
    slices = waves + rng.normal(0, 0.3, waves.shape) > 0.2
    return GappedVolume(slices, layers, 2.5, 0, 2.5, len(layers))


def write_gapped(path: Path, gapped: GappedVolume, dataset: int = 0) -> Path:
    """Write a file of placed slices, as the workflow does."""
    record = gapped_to_record(gapped)
    attributes = {"voxel_nm": 2.5, "base_seed": 7, "digest": "abc"}
    with create_hdf5(path, "place_slices", attributes) as file:
        group = file.create_group(group_name(dataset))
        for name, values in record.arrays.items():
            write_array(group, name, values)
        for name, value in record.attributes.items():
            group.attrs[name] = value
    return path
