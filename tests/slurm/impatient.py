"""Snakemake that asks SLURM about its jobs every other second.

The pauses between two questions grow by 10 s while nothing ends, which no option changes. Jobs of a
test take seconds.
"""

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

LONGEST_PAUSE = 2.0


def pause(executor: RemoteExecutor) -> float:
    """Return the seconds to the next question: as many as the plugin says, but few."""
    return min(executor._next_seconds_between_status_checks or LONGEST_PAUSE, LONGEST_PAUSE)


def remember(executor: RemoteExecutor, seconds: float) -> None:
    """Remember what the plugin says."""
    executor._next_seconds_between_status_checks = seconds


if __name__ == "__main__":
    assert isinstance(vars(RemoteExecutor)["next_seconds_between_status_checks"], property)
    RemoteExecutor.next_seconds_between_status_checks = property(pause, remember)
    main()
