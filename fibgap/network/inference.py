"""Inference: both families of planes of a volume through the network, block by block."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.interpolation import spline_weights
from fibgap.network.architecture import Network
from fibgap.network.blocks import planes_at_once, tile_width
from fibgap.network.choices import FAMILY_CHOICES
from fibgap.network.packed import PackedNetwork, kept_memory
from fibgap.stack import GappedVolume


class Grid(Protocol):
    """Where known layers lie; a `GappedVolume` is one."""

    @property
    def layers(self) -> NDArray[np.int64]:
        """Indices of the known layers."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (Z, Y, X)."""


def require_planes(gapped: Grid, network: Network) -> None:
    """Check that planes hold at least one whole receptive field.

    Raises
    ------
    InputError
        If a side of the volume is shorter than the receptive field of the network.
    """
    architecture = network.architecture
    field = 2 * max(architecture.receptive_reach, architecture.neighbours) + 1
    if min(gapped.shape) < field:
        raise InputError(
            f"a volume of {' x '.join(map(str, gapped.shape))} voxels is too small for this "
            f"network: every side must hold its receptive field of {field} pixels."
        )


def mirrored(first: int, stop: int, count: int) -> NDArray[np.int64]:
    """Return which planes stand for the planes from one position to another, mirrored at the ends.

    Examples
    --------
    >>> mirrored(-2, 6, 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    place = np.abs(np.arange(first, stop))
    return np.where(place >= count, 2 * (count - 1) - place, place)


def with_mirrored_ends(slices: NDArray[np.bool_], neighbours: int) -> NDArray[np.bool_]:
    """Return known layers (N, P, W) with so many planes more on both ends of axis 1.

    Notes
    -----
    Beyond the faces of a volume its planes are mirrored: that keeps the isotropy of a structure.
    """
    if not neighbours:
        return slices
    count = slices.shape[1]
    return slices[:, mirrored(-neighbours, count + neighbours, count)]


class PlaneFiller:
    """A network with what it needs to inpaint the planes of one gapped volume.

    Parameters
    ----------
    network : Network
        With trained weights, in evaluation mode.
    gapped : GappedVolume or Grid
        Places of the known layers.
    device : torch.device
        Where the network runs.
    precision : torch.dtype
        torch.float32 or torch.bfloat16.
    batch_pixels : int
        Pixels of planes that go through the network at once, at most; a larger plane is cut into
        tiles. A CPU takes less where planes are small, see `fibgap.network.blocks`.
    """

    def __init__(
        self,
        network: Network,
        gapped: Grid,
        *,
        device: torch.device,
        precision: torch.dtype = torch.float32,
        batch_pixels: int = 2**19,
    ) -> None:
        require_planes(gapped, network)
        self.rows, self.device, self.precision = gapped.shape[0], device, precision
        self.batch_pixels = batch_pixels
        self.architecture = network.architecture
        self.reach = network.architecture.receptive_reach
        self.network: Network | PackedNetwork
        if device.type == "cpu":
            self.network = PackedNetwork(network, precision)
        else:
            own = Network(network.architecture)
            own.load_state_dict(network.state_dict())
            own.eval().to(device, precision, memory_format=torch.channels_last)  # type: ignore[call-overload]
            # Rounding hurts most where it comes last: L1 and L2 stay in fp32.
            own.l1.float()
            own.l2.float()
            self.network = own
        weights = spline_weights(gapped.layers, np.arange(self.rows))
        self.weights = torch.from_numpy(weights).to(device)
        self.layers = torch.from_numpy(gapped.layers).to(device)

    def block(self, columns: NDArray[np.bool_]) -> torch.Tensor:
        """Inpaint a block of planes.

        Parameters
        ----------
        columns : (N, B + 2 neighbours, W) bool
            The known rows of B planes (or of tiles of them), and of the planes on both sides that
            the network sees.

        Returns
        -------
        torch.Tensor
            float32, shape (B, Z, W).
        """
        neighbours = self.architecture.neighbours
        rows, count, width = self.rows, columns.shape[1] - 2 * neighbours, columns.shape[2]
        known = torch.from_numpy(columns).to(self.device).float()
        centre = known[:, neighbours : neighbours + count].reshape(len(known), -1)
        bicubic = (self.weights @ centre).reshape(rows, count, width)
        channels = self.architecture.input_channels
        image = torch.zeros((channels, rows, count, width), device=self.device)
        for plane in range(2 * neighbours + 1):
            image[plane, self.layers] = known[:, plane : plane + count]
        if self.architecture.mask_channel:
            image[-1, self.layers] = 1.0
        network_input = image.permute(2, 0, 1, 3)
        if isinstance(self.network, Network):
            network_input = network_input.to(self.precision, memory_format=torch.channels_last)
        output = self.network(network_input, bicubic.permute(1, 0, 2)[:, None])
        result: torch.Tensor = output[:, 0].float()
        return result

    def tile_width(self) -> int:
        """Return how many columns of a plane go through the network at once."""
        return tile_width(self.rows, self.batch_pixels)

    def planes_at_once(self, width: int) -> int:
        """Return how many planes, or tiles of them, go through the network at once."""
        on_cpu = self.device.type == "cpu"
        return planes_at_once(self.rows, width, self.batch_pixels, on_cpu=on_cpu)

    def family(self, slices: NDArray[np.bool_], out: torch.Tensor) -> None:
        """Add the inpainted planes of one family to a volume.

        Parameters
        ----------
        slices : (N, P + 2 neighbours, W) bool
            Known layers, with the position of a plane as axis 1; see `with_mirrored_ends`.
        out : torch.Tensor
            float32, shape (P, Z, W); the result is added to it.

        Notes
        -----
        A plane wider than a batch is cut into tiles that overlap by the reach of the receptive
        field, so tiling changes no voxel.
        """
        planes, _, width = out.shape
        halo = 2 * self.architecture.neighbours
        tile, at_once = self.tile_width(), self.planes_at_once(width)
        for first in range(0, planes, at_once):
            part = slice(first, min(first + at_once, planes))
            seen = slice(first, part.stop + halo)
            if width <= tile:
                out[part] += self.block(slices[:, seen])
                continue
            for left in range(0, width, tile):
                right = min(left + tile, width)
                begin, end = max(0, left - self.reach), min(width, right + self.reach)
                inpainted = self.block(np.ascontiguousarray(slices[:, seen, begin:end]))
                out[part, :, left:right] += inpainted[:, :, left - begin : right - begin]


@torch.inference_mode()
def predict(
    network: Network,
    gapped: GappedVolume,
    *,
    device: torch.device | str = "cpu",
    precision: torch.dtype = torch.float32,
    batch_pixels: int = 2**19,
    families: str = "both",
) -> NDArray[np.float32]:
    """Predict a volume from its planes.

    Parameters
    ----------
    network : Network
        With trained weights.
    gapped : GappedVolume
        Known layers and their places.
    device : torch.device or str
        Where the network runs.
    precision : torch.dtype
        torch.float32 or torch.bfloat16.
    batch_pixels : int
        Pixels of planes that go through the network at once.
    families : str
        "both" families of planes are averaged, or the "zx"-planes alone say what is solid.

    Returns
    -------
    (Z, Y, X) float32
        About 1 in the solid.

    Raises
    ------
    InputError
        If the volume is smaller than the receptive field, or the families are unknown.

    Notes
    -----
    ASSUME: the volume is inpainted twice, over its zx- and its zy-planes, and the two are
    averaged; the supplement does not say how planes become a volume again.
    """
    if families not in FAMILY_CHOICES:
        raise InputError(f"families '{families}' is unknown; choose one of {FAMILY_CHOICES}.")
    filler = PlaneFiller(
        network,
        gapped,
        device=torch.device(device),
        precision=precision,
        batch_pixels=batch_pixels,
    )
    n_z, n_y, n_x = gapped.shape
    neighbours = network.architecture.neighbours
    total = torch.zeros((n_y, n_z, n_x), device=device)
    with kept_memory():
        filler.family(with_mirrored_ends(gapped.slices, neighbours), total)
        if families == "zx":
            return total.permute(1, 0, 2).cpu().numpy()
        other = torch.zeros((n_x, n_z, n_y), device=device)
        turned = np.ascontiguousarray(gapped.slices.transpose(0, 2, 1))
        filler.family(with_mirrored_ends(turned, neighbours), other)
        del filler
    mean = (total.permute(1, 0, 2) + other.permute(1, 2, 0)) / 2
    return mean.cpu().numpy()
