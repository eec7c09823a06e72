"""The line of progress: what moves it, what stays above it, what a log gets."""

import io

import pytest
from rich.console import Console

from fibgap.workflow.progress import follow

SAID = """\
Building DAG of jobs...
Provided cores: 2
Select jobs to execute...
Execute 2 jobs...
generate_volumes: dataset 0 (1/5) in 1.2 s
RML-s: dataset 1 (2/5) in 0.1 s
[Thu Nov 26 22:54:07 2026]
Finished jobid: 5 (Rule: generate_volumes)
3 of 59 steps (5%) done
Error in rule infer: [a path] of 3 of 4 steps
"""


def shown(*, terminal: bool) -> str:
    """Return what is written to a terminal 200 columns wide, or to a file."""
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=terminal, width=200, color_system=None, legacy_windows=False
    )
    follow(SAID.splitlines(keepends=True), console)
    return stream.getvalue()


def test_a_log_gets_plain_lines():
    """Every line but those that say nothing, and no control characters."""
    assert shown(terminal=False).splitlines() == [
        "Provided cores: 2",
        "generate_volumes: dataset 0 (1/5) in 1.2 s",
        "RML-s: dataset 1 (2/5) in 0.1 s",
        "3 of 59 steps (5%) done",
        "Error in rule infer: [a path] of 3 of 4 steps",
    ]


def test_a_terminal_gets_one_line():
    """Steps, datasets and the step at work stand in the line; an error stands above it."""
    text = shown(terminal=True)
    assert "3 of 59 steps" in text
    assert "datasets 2" in text
    assert "RML-s 2/5" in text
    assert "Error in rule infer: [a path] of 3 of 4 steps\n" in text
    assert "in 1.2 s" not in text
    assert "Finished jobid" not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_an_error_is_never_lost(terminal):
    """Whatever Snakemake says of a failure is passed on as it is."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=30, color_system=None)
    trouble = ['InputError in file "Snakefile", line 3:', "stage 'x' is [unknown]."]
    follow(trouble, console)
    for line in trouble:
        assert line in stream.getvalue()
