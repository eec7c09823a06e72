"""Random streams that depend on the configuration and the dataset, and on nothing else."""

import numpy as np

#: One number per purpose: adding a purpose never disturbs the others.
STREAMS = {
    "evaluation_volumes": 1,
    "training_volumes": 2,
    "milling": 3,
    "split": 4,
    "patches": 6,
    "initial_weights": 7,
    "validation_millings": 8,
    "bootstrap": 9,
    "depth_errors": 10,
    "calibration": 11,
    "grey_values": 12,
    "draws": 13,
    "ruler": 15,
    "ruler_readings": 21,
    "images": 22,
}


def sequence(base_seed: int, stream: str, index: int = 0) -> np.random.SeedSequence:
    """Return the seed sequence of one stream and one dataset.

    Parameters
    ----------
    base_seed : int
        The seed of the whole experiment.
    stream : str
        A key of `STREAMS`.
    index : int
        The dataset, epoch or whatever the stream counts.

    Returns
    -------
    numpy.random.SeedSequence
        The same for the same three arguments on every machine.

    Examples
    --------
    >>> int(sequence(1, "milling", 0).generate_state(1)[0])
    2969694526
    """
    return np.random.SeedSequence(base_seed, spawn_key=(STREAMS[stream], index))


def generator(base_seed: int, stream: str, index: int = 0) -> np.random.Generator:
    """Return the random generator of one stream and one dataset, see `sequence`."""
    return np.random.default_rng(sequence(base_seed, stream, index))


def torch_seed(base_seed: int, stream: str, index: int = 0) -> int:
    """Return a 63-bit integer for ``torch.Generator.manual_seed``, see `sequence`."""
    return int(sequence(base_seed, stream, index).generate_state(1, np.uint64)[0] >> np.uint64(1))
