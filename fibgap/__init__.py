"""Rebuild isotropic 3-D nanostructures from FIB-SEM slices of uneven thickness.

The library places slices at their measured depths, fills the gaps between them, and measures how
faithful the result is. Arrays are ordered ``(z, y, x)``, axis 0 is the milling direction, gold is
True, and lengths are in voxels unless a name ends in ``_nm``.
"""

__version__ = "0.1.0"
