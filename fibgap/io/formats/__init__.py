"""File formats: each is one module that reads and, where it can, writes it; here they register.

A module that reads has `open_pages(path, *, dataset, alone)`, a context manager that yields `Pages`
and raises InputError: `dataset` names an array where a file holds several, `alone` is True where
the file is one image of a list. A module that writes has `write(path, layers)`, or, where a file
holds several volumes, `write(path, layers, extra)`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from fibgap.errors import InputError
from fibgap.io.pages import Pages


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes
    ----------
    name : str
        As messages call it.
    suffixes : tuple of str
        Endings of its file names, in lower case.
    module : str
        Of this package; it is imported when the first such file is met.
    reads, writes : bool
        What the module does.
    single : bool
        Whether a folder of such files is a stack of single images.
    folder : bool
        Whether a file of this format is a folder.
    holds_several : bool
        Whether one file can hold several volumes by name.
    whole : bool
        Whether a file is read as a whole, and so never larger than memory.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    reads: bool = True
    writes: bool = False
    single: bool = False
    folder: bool = False
    holds_several: bool = False
    whole: bool = False

    def open_pages(
        self, path: Path, *, dataset: str | None = None, alone: bool = False
    ) -> AbstractContextManager[Pages]:
        """Open a file of this format."""
        open_pages: Callable[..., AbstractContextManager[Pages]] = self._member("open_pages")
        return open_pages(path, dataset=dataset, alone=alone)

    def write(self, *args: Any) -> None:
        """Write a file of this format."""
        self._member("write")(*args)

    def _member(self, name: str) -> Any:
        """Return a function of this format's module."""
        return getattr(import_module(f"{__name__}.{self.module}"), name)


#: All formats. A file belongs to the first one whose ending its name has.
FORMATS = (
    Format(
        "OME-Zarr", (".ome.zarr", ".zarr"), "ome_zarr", writes=True, folder=True, holds_several=True
    ),
    Format("TIFF", (".ome.tif", ".tif", ".tiff", ".btf", ".tf8"), "tiff", writes=True, single=True),
    Format("PNG", (".png",), "raster", single=True),
    Format("JPEG", (".jpg", ".jpeg"), "raster", single=True),
    Format("BMP", (".bmp",), "raster", single=True),
    Format("MRC", (".mrc", ".mrcs", ".rec", ".map", ".st"), "mrc", single=True),
    Format("NRRD", (".nrrd", ".nhdr"), "nrrd_file", writes=True, whole=True),
    Format("MetaImage", (".mha", ".mhd"), "metaimage", writes=True, whole=True),
    Format("NumPy", (".npy",), "npy"),
    Format("HDF5", (".h5", ".hdf5", ".hdf"), "hdf5", writes=True, holds_several=True),
)


def find_format(path: Path) -> Format | None:
    """Return the format of a file or folder by its ending, or None.

    Examples
    --------
    >>> find_format(Path("a.OME.TIF")).name, find_format(Path("notes.txt"))
    ('TIFF', None)
    """
    name = path.name.lower()
    return next((form for form in FORMATS if name.endswith(form.suffixes)), None)


def endings(**wanted: bool) -> str:
    """Return the endings of all formats with certain properties, for messages.

    Examples
    --------
    >>> endings(single=True)
    '.ome.tif, .tif, .tiff, .btf, .tf8, .png, .jpg, .jpeg, .bmp, .mrc, .mrcs, .rec, .map, .st'
    """
    chosen = [form for form in FORMATS if all(getattr(form, k) == v for k, v in wanted.items())]
    return ", ".join(suffix for form in chosen for suffix in form.suffixes)


def require_format(path: Path, **wanted: bool) -> Format:
    """Return the format of a file by its ending.

    Raises
    ------
    InputError
        If there is none with the properties that are wanted; it lists those that there are.
    """
    form = find_format(path)
    if form is None or any(getattr(form, name) != value for name, value in wanted.items()):
        does = "written" if wanted.get("writes") else "read"
        raise InputError(
            f"'{path}' cannot be {does} as its name ends: use one of {endings(**wanted)}."
        )
    return form
