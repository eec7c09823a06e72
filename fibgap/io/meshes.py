"""Surface meshes, which Blender, ParaView and MeshLab open."""

from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.measure import marching_cubes

from fibgap.errors import InputError
from fibgap.io.files import write_aside


def write_mesh(path: Path | str, volume: NDArray[np.bool_], voxel_nm: float) -> None:
    """Write the closed surface of the solid as a mesh.

    Parameters
    ----------
    path : path
        Ends in ``.ply`` (Blender, ParaView, MeshLab) or ``.glb`` (glTF, for the web as well). It
        appears complete or not at all.
    volume : (Z, Y, X) bool
        Solid = True. Where solid meets the border of the volume the surface is closed.
    voxel_nm : float
        Voxel size in nm.

    Raises
    ------
    InputError
        If the volume has no solid, or if the file's name ends in another way.

    Notes
    -----
    Marching cubes (Lewiner et al., 2003, by scikit-image) on the volume smoothed by a Gaussian of
    0.8 voxels. Vertices are (x, y, z) in nm; voxel (0, 0, 0) has its centre at the origin.
    """
    path = Path(path)
    if path.suffix not in {".ply", ".glb"}:
        raise InputError(f"'{path.name}' names no mesh; it must end in .ply or .glb.")
    if not volume.any():
        raise InputError(f"the volume for {path.name} has no solid, so that it has no surface.")
    field = gaussian_filter(np.pad(volume, 2).astype(np.float32), 0.8)
    if field.max() <= 0.5:  # specks that smoothing took away
        field = np.pad(volume, 2).astype(np.float32)
    vertices, faces, _, _ = marching_cubes(field, 0.5)
    # Read as (x, y, z), the faces of scikit-image are wound so that they look outwards.
    mesh = trimesh.Trimesh((vertices[:, ::-1] - 2) * voxel_nm, faces, process=False)
    content = mesh.export(file_type=path.suffix[1:])
    assert isinstance(content, bytes)  # both formats are binary
    with write_aside(path) as aside:
        aside.write_bytes(content)
