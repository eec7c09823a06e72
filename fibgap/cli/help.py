"""Help by groups of options, and errors as one sentence with an exit code."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

import click

from fibgap.cli.words import for_the_command_line
from fibgap.errors import InputError

#: Exit codes: wrong input, interrupted by the user (128 + SIGINT), ended (128 + SIGTERM), and the
#: reader of the output gone (click's own).
BAD_INPUT, INTERRUPTED, TERMINATED, NO_READER = 2, 130, 143, 1


class Grouped(click.Option):
    """An option that stands under a heading of the help."""

    def __init__(self, *args: Any, group: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


class WithExamples(click.Command):
    """A command whose help ends with examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Command(WithExamples):
    """A command whose help lists its options by group."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those without a group last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", "Options"), []).append(record)
        last = groups.pop("Options", None)
        for title, records in [*groups.items(), *([("Options", last)] if last else [])]:
            with formatter.section(title):
                formatter.write_dl(records)


class Main(WithExamples, click.Group):
    """The command as a whole: errors become one sentence on stderr and an exit code."""

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Run the command and leave the process with its exit code."""
        sys.exit(self._run(args, extra | {"standalone_mode": False}))

    def _run(self, args: Sequence[str] | None, extra: dict[str, Any]) -> int:
        """Run the command and return its exit code."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _leave)
        try:
            code = super().main(args, **extra)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
        except (click.exceptions.Abort, KeyboardInterrupt):  # click makes of Ctrl-C one or other
            return _told("interrupted: nothing was written", INTERRUPTED)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except InputError as error:
            return _told(f"error: {for_the_command_line(str(error))}", BAD_INPUT)
        except BrokenPipeError:
            # Python flushes once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return NO_READER
        except OSError as error:
            where = f"'{error.filename}': " if error.filename else ""
            return _told(f"error: {where}{error.strerror or error}.", BAD_INPUT)
        except MemoryError:
            return _told("error: there is not enough memory for this stack.", BAD_INPUT)


def _told(sentence: str, code: int) -> int:
    """Tell a sentence on stderr and return an exit code."""
    click.echo(sentence, err=True)
    return code


def _leave(number: int, frame: object) -> None:
    """End as a signal asks for, with what is half-written removed."""
    raise SystemExit(TERMINATED)
