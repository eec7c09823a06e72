"""Files that belong together: all of them appear at the end, or none."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from fibgap.errors import InputError
from fibgap.io.files import process_lives
from fibgap.io.formats import require_format
from fibgap.io.pages import full_path


def named_beside(out: Path, name: str, suffix: str | None = None) -> Path:
    """Return the path of something that belongs to a volume.

    Parameters
    ----------
    out : Path
        File of the volume.
    name : str
        What it is; "" for nothing.
    suffix : str, optional
        Its ending; that of the volume if it is not given.

    Examples
    --------
    >>> (
    ...     named_beside(Path("a.ome.tif"), "filled").name,
    ...     named_beside(Path("a.tif"), "", ".html").name,
    ... )
    ('a_filled.ome.tif', 'a.html')
    """
    form = require_format(out, writes=True)
    ending = next(end for end in form.suffixes if out.name.lower().endswith(end))
    stem, own = out.name[: -len(ending)], out.name[-len(ending) :]
    return out.with_name(f"{stem}{'_' if name else ''}{name}{own if suffix is None else suffix}")


#: Files by which a folder is known as an array or a group of Zarr.
ZARR = (".zgroup", ".zarray", "zarr.json")


def require_free(targets: Sequence[Path], *, force: bool, marks: Sequence[str] = ZARR) -> None:
    """Refuse targets that are there already, or whose folder cannot be written to.

    A folder is replaced only if it holds one of the files `marks`, by which it is known.

    Raises
    ------
    InputError
        With the first of them.
    """
    for target in targets:
        if not target.parent.is_dir():
            raise InputError(f"'{target}' cannot be written: there is no folder '{target.parent}'.")
        if not os.access(target.parent, os.W_OK):
            raise InputError(
                f"'{target}' cannot be written: there is no permission to write into the folder."
            )
        if target.is_dir() and (not force or not any((target / mark).is_file() for mark in marks)):
            raise InputError(f"'{target}' is a folder that is there already: choose another name.")
        if os.path.lexists(target) and not force:
            raise InputError(
                f"'{target}' is there already: choose another name, or replace it (force)."
            )


@contextmanager
def appear_together(
    targets: Sequence[Path], *, force: bool = False, marks: Sequence[str] = ZARR
) -> Iterator[Path]:
    """Yield a folder for new files, and move them to their places when all of them are written.

    Parameters
    ----------
    targets : sequence of Path
        What may be written, all in one folder; each is written in the yielded folder under its own
        name. The first one names the whole in messages.
    force : bool
        Replace what is there.
    marks : sequence of str
        See `require_free`.

    Yields
    ------
    Path
        A folder beside the targets. It is removed at the end; whatever happens, the targets are
        all old or all new. Folders that dead processes left for the same target are removed first.

    Raises
    ------
    InputError
        If something is there already, or if it cannot be written.
    """
    require_free(targets, force=force, marks=marks)
    first = targets[0]
    for stale in first.parent.glob(f".{first.name}.*.writing"):
        if not process_lives(stale.name.split(".")[-2]):
            shutil.rmtree(stale, ignore_errors=True)
    folder = first.parent / f".{first.name}.{os.getpid()}.writing"
    try:
        folder.mkdir()
        yield folder
        _move(folder, targets)
    except OSError as error:
        raise InputError(f"'{first}' cannot be written: {error.strerror or error}.") from error
    except InputError as error:
        # The folder is gone when somebody reads of it.
        told = str(error).replace(str(folder), str(first.parent))
        raise InputError(told) from error.__cause__
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(folder: Path, targets: Sequence[Path]) -> None:
    """Move what was written to its places; if that fails, put everything back."""
    new = [target for target in targets if (folder / target.name).exists()]
    old = folder / ".replaced"
    old.mkdir()
    try:
        for target in new:
            if os.path.lexists(target):
                os.replace(target, old / target.name)
            os.replace(folder / target.name, target)
    except BaseException:
        for target in new:
            with suppress(OSError):
                if not (folder / target.name).exists():
                    os.replace(target, folder / target.name)
                if os.path.lexists(old / target.name):
                    os.replace(old / target.name, target)
        raise


def require_apart(out: Path, files: Sequence[Path]) -> None:
    """Refuse an output that would replace an input, or be read as one next time.

    Raises
    ------
    InputError
        If `out` is one of the files, or lies in a folder with several of them.
    """
    here = full_path(out).resolve()
    inputs = [file.resolve() for file in files]
    if here in inputs:
        raise InputError(f"'{out}' is an input: choose another name for the output.")
    beside = [file for file in inputs if file.parent == here.parent and file.suffix == here.suffix]
    if len(beside) > 1:
        raise InputError(
            f"'{out}' would lie among the {len(beside)} images of the stack and be taken for one "
            "of them: choose another folder."
        )
