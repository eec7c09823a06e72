"""Single images as one stack."""

import numpy as np

from fibgap.errors import InputError
from fibgap.io.pages import Block, Pages, Progress, describe_size, same_size
from fibgap.io.sources import Found


def open_list(found: Found, progress: Progress | None = None) -> Pages:
    """Return single images as one stack, after a look into the header of every one.

    Raises
    ------
    InputError
        If a file holds more than one image, or if they differ in size, type or pixel size.
    """
    first: Pages | None = None
    depths: list[float] = []
    notes = found.notes
    n_files = len(found.paths)
    for number, path in enumerate(found.paths, start=1):
        with found.form.open_pages(path, alone=True) as pages:
            if pages.shape[0] != 1:
                raise InputError(
                    f"'{path}' holds {pages.shape[0]} images, but as one of "
                    f"{n_files} files it should hold one: give it alone."
                )
            first = first or pages
            _require_alike(pages, first, str(path), found.paths[0].name)
            if pages.depths_nm is not None:
                depths.append(float(pages.depths_nm[0]))
            told = pages.notes.told
            pages.notes.told = {sentence: max(count, 1) for sentence, count in told.items()}
            notes.join(pages.notes)
        if progress:
            progress(number, 2 * n_files)  # the headers are half of the work
    assert first is not None

    def read(start: int, stop: int) -> Block:
        images, masks = [], []
        for path in found.paths[start:stop]:
            with found.form.open_pages(path, alone=True) as pages:
                image, valid = pages.read(0, 1)
            images.append(image)
            masks.append(np.ones(image.shape, np.bool_) if valid is None else valid)
        all_valid = all(mask.all() for mask in masks)
        return np.concatenate(images), None if all_valid else np.concatenate(masks)

    return Pages(
        shape=(n_files, *first.shape[1:]),
        dtype=first.dtype,
        read=read,
        names=tuple(path.name for path in found.paths),
        pixel_nm=first.pixel_nm,
        spacing_nm=first.spacing_nm,
        depths_nm=np.array(depths) if len(set(depths)) == n_files else None,
        notes=notes,
        looked_at=n_files,
    )


def _require_alike(pages: Pages, first: Pages, path: str, first_name: str) -> None:
    """Refuse an image that is not like the first one."""
    size, first_size = (" x ".join(map(str, each.shape[1:])) for each in (pages, first))
    pairs: list[tuple[str, ...]] = [
        ("pixels", size, first_size),
        ("values of type", str(pages.dtype), str(first.dtype)),
    ]
    if not same_size(pages.pixel_nm, first.pixel_nm):
        sizes = (
            "unknown" if each.pixel_nm is None else describe_size(each.pixel_nm)
            for each in (pages, first)
        )
        pairs.append(("a pixel size of", *sizes))
    for what, here, there in pairs:
        if here != there:
            here = f"{here} {what}" if what == "pixels" else f"{what} {here}"
            raise InputError(
                f"'{path}' has {here}, but '{first_name}' has {there}: all slices need one size "
                "and one type."
            )
