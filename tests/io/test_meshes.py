"""Surface meshes: closed, of the right size and place, opened by another library."""

import math

import numpy as np
import pytest
import vtk

from fibgap.errors import InputError
from fibgap.io.meshes import write_mesh


def ball(radius=9.0, shape=(30, 26, 28), middle=(15, 12, 14)):
    """Return a ball of solid."""
    grid = np.indices(shape) - np.array(middle)[:, None, None, None]
    return (grid**2).sum(axis=0) <= radius**2


def read(path):
    """Return a PLY file as VTK reads it."""
    reader = vtk.vtkPLYReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def test_a_ball_keeps_its_size_and_place(tmp_path):
    """VTK finds volume, area and middle of a ball in nm; the order is x, y, z."""
    write_mesh(tmp_path / "ball.ply", ball(), 2.5)
    mesh = read(tmp_path / "ball.ply")
    mass = vtk.vtkMassProperties()
    mass.SetInputData(mesh)
    radius = 2.5 * 9
    # A ball of voxels within a radius of 9 has that radius to a tenth of a voxel.
    assert mass.GetVolume() == pytest.approx(4 / 3 * math.pi * radius**3, rel=0.04)
    assert mass.GetSurfaceArea() == pytest.approx(4 * math.pi * radius**2, rel=0.04)
    x0, x1, y0, y1, z0, z1 = mesh.GetBounds()
    middle = [(x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2]
    assert middle == pytest.approx([2.5 * 14, 2.5 * 12, 2.5 * 15], abs=0.1)


def test_the_surface_is_closed_and_faces_outwards(tmp_path):
    """Solid at the border of the volume is closed off there; every edge has two faces."""
    write_mesh(tmp_path / "full.ply", np.ones((6, 7, 8), dtype=bool), 1.0)
    mesh = read(tmp_path / "full.ply")
    edges = vtk.vtkFeatureEdges()
    edges.SetInputData(mesh)
    edges.BoundaryEdgesOn()
    edges.NonManifoldEdgesOn()
    edges.FeatureEdgesOff()
    edges.ManifoldEdgesOff()
    edges.Update()
    assert edges.GetOutput().GetNumberOfCells() == 0
    points = np.array([mesh.GetPoint(i) for i in range(mesh.GetNumberOfPoints())])
    cell = mesh.GetCell(0)
    a, b, c = (points[cell.GetPointId(k)] for k in range(3))
    outwards = np.cross(b - a, c - a) @ ((a + b + c) / 3 - points.mean(axis=0))
    assert outwards > 0


def test_gltf_is_read_as_well(tmp_path):
    """VTK's reader of glTF finds as many triangles as that of PLY."""
    write_mesh(tmp_path / "ball.glb", ball(), 2.5)
    write_mesh(tmp_path / "ball.ply", ball(), 2.5)
    reader = vtk.vtkGLTFReader()
    reader.SetFileName(str(tmp_path / "ball.glb"))
    reader.Update()
    parts = vtk.vtkCompositeDataGeometryFilter()
    parts.SetInputConnection(reader.GetOutputPort())
    parts.Update()
    assert parts.GetOutput().GetNumberOfCells() == read(tmp_path / "ball.ply").GetNumberOfCells()


def test_a_speck_has_a_surface(tmp_path):
    """A single voxel of solid, which smoothing would take away, is not lost."""
    volume = np.zeros((5, 5, 5), dtype=bool)
    volume[2, 2, 2] = True
    write_mesh(tmp_path / "speck.ply", volume, 1.0)
    assert read(tmp_path / "speck.ply").GetNumberOfCells() == 8  # an octahedron


def test_what_cannot_be_written_is_said(tmp_path):
    """No solid, or a name of another kind."""
    with pytest.raises(InputError, match=r"volume for a\.ply has no solid"):
        write_mesh(tmp_path / "a.ply", np.zeros((3, 3, 3), dtype=bool), 1.0)
    with pytest.raises(InputError, match=r"'a\.stl' names no mesh"):
        write_mesh(tmp_path / "a.stl", ball(), 1.0)
    assert list(tmp_path.iterdir()) == []
