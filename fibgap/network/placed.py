"""A gapped stack in a file, of which a network reads blocks of planes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.distance import clipped_distance
from fibgap.fillers.interpolation import well_apart
from fibgap.io.hdf5 import create_hdf5, open_hdf5, read_array, read_attributes
from fibgap.io.shards import group_name
from fibgap.network.distances import largest_distance
from fibgap.network.planes import Rows, known_rows, mirrored

CHUNK = 64


@dataclass(frozen=True)
class Source:
    """A gapped stack in a file, of which only the places of its layers are held in memory."""

    path: Path
    dataset: int
    layers: NDArray[np.int64]
    shape: tuple[int, int, int]
    attributes: dict[str, Any]
    #: Where all slices lie, those included that share a layer with another one, and which array
    #: and row of the file each of them is.
    positions: NDArray[np.float64]
    images: list[tuple[str, int]]
    #: The file of distances in slices, for a network that sees these.
    distances: Path | None = None

    @property
    def missing(self) -> NDArray[np.int64]:
        """Indices of the missing layers."""
        return np.setdiff1d(np.arange(self.shape[0]), self.layers)

    def read(self, axis: int, part: slice, neighbours: int) -> Rows:
        """Return the known rows of a block of planes along y (1) or x (2) and of its neighbours.

        Or the distances in the slices there.

        Shape (N, planes + 2 neighbours, width); planes beyond a face are mirrored.
        """
        wanted = mirrored(part.start - neighbours, part.stop + neighbours, self.shape[axis])
        low, high = int(wanted.min()), int(wanted.max()) + 1
        place = (slice(None), slice(low, high)) if axis == 1 else (..., slice(low, high))
        block: Rows
        if self.distances is None:
            with open_hdf5(self.path, "place_slices") as file:
                block = np.asarray(file[group_name(self.dataset)]["slices"][place]).view(np.bool_)
        else:
            with open_hdf5(self.distances, "fill_file") as file:
                block = np.asarray(file["values"][place])
        block = block if axis == 1 else block.transpose(0, 2, 1)
        whole = len(wanted) == high - low
        return np.ascontiguousarray(block if whole else block[:, wanted - low])


def open_source(path: Path, dataset: int) -> Source:
    """Look into the file of a gapped stack."""
    with open_hdf5(path, "place_slices") as file:
        name = group_name(dataset)
        if name not in file:
            raise InputError(f"file {path} holds no dataset {dataset}.")
        group = file[name]
        layers = read_array(group, "layers").astype(np.int64)
        if "slices" not in group or group["slices"].ndim != 3:
            raise InputError(f"file {path} lacks slices in dataset {dataset}.")
        _, n_y, n_x = group["slices"].shape
        keep = {"voxel_nm", "base_seed", "digest"}
        attributes = {k: value for k, value in read_attributes(file).items() if k in keep}
        positions = np.asarray(
            read_array(group, "positions") if "positions" in group else layers, dtype=np.float64
        )
        images = [("slices", row) for row in range(len(layers))]
        if "spare_slices" in group:
            spare = read_array(group, "spare_positions")
            positions = np.concatenate([positions, spare])
            images += [("spare_slices", row) for row in range(len(spare))]
    order = np.argsort(positions)
    order = order[well_apart(positions[order])]
    shape = (int(layers[-1]) + 1, n_y, n_x)
    images = [images[index] for index in order]
    return Source(path, dataset, layers, shape, attributes, positions[order], images)


def with_distances(stack: Source, home: Path) -> Source:
    """Write the distances in all slices to a file, and return the stack that reads these."""
    path = home / "distances.h5"
    if not path.exists():
        limit = float(largest_distance(known_rows(stack)))
        shape = (len(stack.images), *stack.shape[1:])
        chunks = (1, min(CHUNK, shape[1]), min(CHUNK, shape[2]))
        with (
            create_hdf5(path, "fill_file", {}) as file,
            open_hdf5(stack.path, "place_slices") as source,
        ):
            values = file.create_dataset(
                "values", shape=shape, dtype=np.float32, chunks=chunks, fletcher32=True
            )
            group = source[group_name(stack.dataset)]
            for row, (name, index) in enumerate(stack.images):
                image = np.asarray(group[name][index]).view(np.bool_)
                values[row] = clipped_distance(image, limit)
    return replace(stack, distances=path)
