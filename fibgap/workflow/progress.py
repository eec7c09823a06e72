"""One line of progress: ``snakemake ... 2>&1 | python -m fibgap.workflow.progress``."""

import re
import signal
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

#: What Snakemake says of every job, and what is the same in every run.
_NOISE = re.compile(
    r"Select jobs to execute|Execute \d+ jobs|Finished jobid:|Building DAG of jobs|Using shell:"
    r"|Using workflow specific profile|Assuming unrestricted shared|Rules claiming more threads"
    r"|Conda environments: ignored|Provided resources:"
    r"|\[\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}\]$"
)
_STEPS = re.compile(r"(\d+) of (\d+) steps \(\d+%\) done$")
#: As of `fibgap.io.shards.process_shard`.
_DATASET = re.compile(r"(\w+.*): dataset \d+ \((\d+)/(\d+)\) in [\d.]+ s$")


class _Rate(ProgressColumn):
    """Datasets that were worked on, and how many a minute."""

    def render(self, task: Task) -> Text:
        """Return the text of a task."""
        done, elapsed = task.fields["datasets"], task.elapsed
        rate = f", {60 * done / elapsed:.0f} per min" if done and elapsed else ""
        return Text(f"datasets {done}{rate}")


def follow(lines: Iterable[str], console: Console) -> None:
    """Show what Snakemake says as one line that moves, and what is no progress above it.

    Parameters
    ----------
    lines : iterable of str
        Standard output and error of Snakemake.
    console : rich.console.Console
        Where it is no terminal, every line is written but those that say nothing.

    Notes
    -----
    A dataset counts once for every step that works on it. The time left takes all steps for alike.
    """
    lines = (line.rstrip("\n") for line in lines)
    if not console.is_terminal:
        for line in lines:
            if not _NOISE.match(line):
                print(line, file=console.file, flush=True)
        return
    columns = (
        TextColumn("{task.completed} of {task.total} steps"),
        BarColumn(bar_width=20),
        _Rate(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", style="dim"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, datasets=0, visible=False)
        datasets = 0
        for line in lines:
            if steps := _STEPS.match(line):
                done, total = map(int, steps.groups())
                progress.update(task, completed=done, total=total, visible=True)
            elif dataset := _DATASET.match(line):
                datasets += 1
                step, of, count = dataset.groups()
                words = f"{step} {of}/{count}"
                progress.update(task, description=words, datasets=datasets)
            elif not _NOISE.match(line):
                progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    # Ctrl-C is Snakemake's: what it says about it is still shown.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow(sys.stdin, Console())
