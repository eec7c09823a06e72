"""How much of a volume goes through a network at once; without torch."""

#: Planes go through a network on a CPU together while they have no more pixels than this: more
#: take memory, and are no faster.
CPU_PIXELS = 2**16
#: So many requests compute side by side on a CPU, at most: each needs memory of its own.
MOST_REQUESTS = 4


def requests_at_once(threads: int) -> int:
    """Return how many requests compute side by side on so many threads of a CPU.

    Examples
    --------
    >>> [requests_at_once(threads) for threads in (1, 2, 3, 5, 6, 16)]
    [1, 2, 3, 1, 3, 4]
    """
    return next(count for count in range(MOST_REQUESTS, 0, -1) if threads % count == 0)


def tile_width(rows: int, batch_pixels: int, requests: int = 1) -> int:
    """Return how many columns of a plane go through a network in one request, at most."""
    return max(64, batch_pixels // requests // rows)


def planes_at_once(
    rows: int, width: int, batch_pixels: int, requests: int = 1, *, on_cpu: bool
) -> int:
    """Return how many planes, or tiles of them, go through a network in one request.

    Parameters
    ----------
    rows, width : int
        Shape of a plane in pixels.
    batch_pixels : int
        Pixels of all requests at once; a plane that has more than its share is cut into tiles.
    requests : int
        How many compute side by side.
    on_cpu : bool
        Whether the network computes on a CPU: then planes share a batch up to `CPU_PIXELS` only.

    Examples
    --------
    >>> planes_at_once(128, 128, 2**19, on_cpu=False), planes_at_once(128, 128, 2**19, on_cpu=True)
    (32, 4)
    >>> planes_at_once(128, 128, 2**19, 2, on_cpu=True)
    2
    """
    together = (min(batch_pixels, CPU_PIXELS) if on_cpu else batch_pixels) // requests
    return max(1, together // (rows * min(width, tile_width(rows, batch_pixels, requests))))


def pixels_at_once(rows: int, width: int, planes: int, batch_pixels: int, *, on_cpu: bool) -> int:
    """Return the pixels of all requests at once, at most, without the overlap of tiles.

    Parameters
    ----------
    rows, width : int
        Shape of a plane in pixels.
    planes : int
        How many planes there are.
    batch_pixels, on_cpu
        As for `planes_at_once`.
    """

    def pixels(requests: int) -> int:
        at_once = planes_at_once(rows, width, batch_pixels, requests, on_cpu=on_cpu)
        across = min(width, tile_width(rows, batch_pixels, requests))
        return min(planes, requests * at_once) * rows * across

    return max(map(pixels, range(1, MOST_REQUESTS + 1 if on_cpu else 2)))


def tiles(width: int, widest: int, reach: int) -> list[tuple[int, int, int, int]]:
    """Return how a plane is cut into tiles.

    Parameters
    ----------
    width : int
        Of the plane.
    widest : int
        Of a tile, without what it overlaps.
    reach : int
        By which tiles overlap their neighbours.

    Returns
    -------
    list of (left, right, begin, end)
        The columns that a tile gives, and those it sees: as many for every tile, so that one
        graph serves all.

    Examples
    --------
    >>> tiles(10, 10, 2), tiles(10, 6, 2)
    ([(0, 10, 0, 10)], [(0, 5, 0, 7), (5, 10, 3, 10)])
    """
    count = -(-width // widest)
    step = -(-width // count)
    seen = min(width, step + reach * min(2, count - 1))
    lefts = range(0, width, step)
    begins = [min(max(0, left - reach), width - seen) for left in lefts]
    return [
        (left, min(left + step, width), begin, begin + seen)
        for left, begin in zip(lefts, begins, strict=True)
    ]
