"""The sections `stacks`, `fillers` and `fill_stack`: own stacks, and what fills them."""

from typing import Annotated, Any, get_type_hints

from pydantic import create_model

from fibgap.experiment.config.fields import OneOf, Section, Unique, key
from fibgap.experiment.config.options import Either, described_options, option_keys
from fibgap.fillers import filler_names
from fibgap.io.formats import FORMATS
from fibgap.stacks import AUTO, fill_stack
from fibgap.stacks.options import How

#: What a run decides and not an experiment, such as devices; and what stands elsewhere.
_NO_KEYS = ("source", "out", "gpu", "force", "filler", "memory", "how", "return")
#: Endings of the files that are written, without their dot.
WRITTEN = [suffix[1:] for form in FORMATS if form.writes for suffix in form.suffixes]


class _Images(Section):
    path: Annotated[str | list[str], Either("text or a list of texts")] = key(
        "Its images: a folder, a pattern, a file, or a list of files; relative to the folder in "
        "which Snakemake works."
    )
    fillers: Annotated[list[str], Unique()] = key(
        "Keys of `fillers` that fill this stack; all of them where it is left out.",
        None,
        min_length=1,
    )
    memory: Annotated[str | int, Either("text or an integer")] = key(
        "How much memory a job of this stack may take, such as `4GB`, besides what Python and its "
        "libraries take. What takes more is worked on block by block, on disk, with the same "
        "result.",
        None,
    )
    truth: str = key(
        "The true volume, where it is known: voxels of filled layers that differ are counted.", None
    )


class _Named(Section):
    filler: Annotated[str, OneOf(lambda: (AUTO, *filler_names()))] = key(
        "What fills the missing layers; `auto` leaves the choice to fibgap."
    )


_reading: Any = create_model(
    "_reading",
    __base__=_Images,
    **option_keys(get_type_hints(How), described_options(How, "Attributes")),
)
_filling: Any = create_model(
    "_filling",
    __base__=_Named,
    **option_keys(
        get_type_hints(fill_stack),
        described_options(fill_stack, "Parameters"),
        skip=_NO_KEYS,
    ),
)


class Stack(_reading):
    """An own stack: where its images are, and how it is read, as by the command `fibgap fill`."""


class Filler(_filling):
    """A way to fill own stacks, with the options of the command `fibgap fill`."""


class FillStack(Section):
    """What is written of own stacks (rules fill_stack and infer_stack)."""

    format: Annotated[str, OneOf(lambda: WRITTEN)] = key(
        "Ending of the filled volumes, which decides on their format.", "tif"
    )
