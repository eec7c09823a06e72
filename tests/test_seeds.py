"""Random streams depend on base seed, stream and index, and on nothing else."""

import numpy as np
import pytest

from fibgap.seeds import STREAMS, generator, sequence, torch_seed


def state(*arguments):
    """Return 128 bits that tell a sequence from others."""
    return tuple(sequence(*arguments).generate_state(4).tolist())


def test_every_stream_has_a_number_of_its_own():
    """Two purposes never share a stream."""
    assert len(set(STREAMS.values())) == len(STREAMS)


def test_numbers_of_streams_are_kept():
    """The numbers are part of every published result: a new purpose takes a new one."""
    assert {name: STREAMS[name] for name in ("evaluation_volumes", "training_volumes")} == {
        "evaluation_volumes": 1,
        "training_volumes": 2,
    }
    assert STREAMS["milling"] == 3
    assert min(STREAMS.values()) > 0


def test_streams_datasets_and_seeds_never_meet():
    """Every base seed, stream and dataset draws other numbers."""
    states = {
        state(base, stream, index)
        for base in (0, 1, 2024, 2**40)
        for stream in STREAMS
        for index in range(50)
    }
    # 1800 draws of 128 bits meet by chance once in 1e32.
    assert len(states) == 4 * len(STREAMS) * 50


def test_volumes_and_their_levels_never_meet():
    """Levels draw from children of a volume's seed, which are no other volume's seed."""
    states = {state(1, "evaluation_volumes", index) for index in range(20)}
    children = {
        tuple(child.generate_state(4).tolist())
        for index in range(20)
        for child in sequence(1, "evaluation_volumes", index).spawn(3)
    }
    assert len(states | children) == 20 + 60


def test_sequence_depends_on_its_arguments_alone():
    """Asking in another order, or having drawn before, changes nothing."""
    forwards = [generator(7, "milling", index).random(3).tolist() for index in range(5)]
    generator(7, "split").random(100)
    backwards = [generator(7, "milling", index).random(3).tolist() for index in (4, 3, 2, 1, 0)]
    assert forwards == backwards[::-1]


def test_sequence_is_the_documented_one():
    """The stream is a spawn key: (number of the stream, index) below the base seed."""
    expected = np.random.SeedSequence(11, spawn_key=(STREAMS["bootstrap"], 4))
    assert state(11, "bootstrap", 4) == tuple(expected.generate_state(4).tolist())
    # The value on every machine.
    assert sequence(1, "milling", 0).generate_state(2).tolist()[0] == 2969694526


@pytest.mark.parametrize("stream", STREAMS)
def test_torch_seed_fits_torch(stream):
    """A seed for torch is an integer of 63 bits, and differs by index."""
    values = [torch_seed(3, stream, index) for index in range(100)]
    assert all(isinstance(value, int) and 0 <= value < 2**63 for value in values)
    assert len(set(values)) == 100
    # All 63 bits are in use: none is the same in a hundred draws, but once in 2^93.
    assert np.bitwise_or.reduce(values) == 2**63 - 1
    assert np.bitwise_and.reduce(values) == 0


def test_unknown_stream_is_a_defect():
    """A stream that nobody named is a programming error, not an index of another stream."""
    with pytest.raises(KeyError, match="mining"):
        sequence(1, "mining")
