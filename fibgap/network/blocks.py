"""How much of a volume goes through a network at once; without torch."""

#: Planes go through a network on a CPU together while they have no more pixels than this: more
#: take memory, and are no faster.
CPU_PIXELS = 2**16


def tile_width(rows: int, batch_pixels: int) -> int:
    """Return how many columns of a plane go through a network at once."""
    return max(64, batch_pixels // rows)


def planes_at_once(rows: int, width: int, batch_pixels: int, *, on_cpu: bool) -> int:
    """Return how many planes, or tiles of them, go through a network at once.

    Parameters
    ----------
    rows, width : int
        Shape of a plane in pixels.
    batch_pixels : int
        Pixels at once; a plane that has more is cut into tiles.
    on_cpu : bool
        Whether the network computes on a CPU: then planes share a batch up to `CPU_PIXELS` only.

    Examples
    --------
    >>> planes_at_once(128, 128, 2**19, on_cpu=False), planes_at_once(128, 128, 2**19, on_cpu=True)
    (32, 4)
    """
    together = min(batch_pixels, CPU_PIXELS) if on_cpu else batch_pixels
    return max(1, together // (rows * min(width, tile_width(rows, batch_pixels))))


def pixels_at_once(rows: int, width: int, planes: int, batch_pixels: int, *, on_cpu: bool) -> int:
    """Return the pixels of a batch, without the overlap of tiles.

    Parameters
    ----------
    rows, width, planes : int
        Shape of a plane in pixels, and how many there are.
    batch_pixels, on_cpu
        As for `planes_at_once`.
    """
    count = min(planes, planes_at_once(rows, width, batch_pixels, on_cpu=on_cpu))
    return count * rows * min(width, tile_width(rows, batch_pixels))
