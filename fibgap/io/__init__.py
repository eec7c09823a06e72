"""Stacks in, volumes out.

`images` reads what a microscope delivers, `segmentation` and `geometry` make solid and pore of
square pixels from it, `volumes` writes the result. Every file format is one module of `formats`.
Shards of an experiment are HDF5. `files` writes a file aside and moves it into place.
"""
