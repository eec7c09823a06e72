"""Messages of the library, in the words of the command line."""

import re
from collections.abc import Callable

#: Names of arguments that messages put in brackets, or mention as they are, and their options.
_OPTIONS = {
    "column": "--depth-column",
    "correct_drift": "--correct-drift",
    "dataset": "--dataset",
    "depths": "--depths",
    "force": "--force",
    "kind": "--depth-kind",
    "memory": "--memory",
    "ruler": "--ruler",
    "ruler_angle": "--ruler-angle",
    "ruler_sd": "--ruler-sd",
    "spacing": "--spacing",
    "unit": "--depth-unit",
    "voxel": "--voxel",
}
_MENTIONED = {
    "decimal": "--decimal",
    "depth_column": "--depth-column",
    "depth_kind": "--depth-kind",
    "depth_unit": "--depth-unit",
    "pixel_nm": "--voxel",
    "ruler_angle": "--ruler-angle",
    "ruler_sd": "--ruler-sd",
    "solid_class": "--solid-class",
    "tilt_deg": "--tilt",
    "trust_given": "--trust-voxel",
}
#: What chooses solid beside another option.
_CHOSEN = {"threshold": "--threshold", "method": "--otsu or --classes"}
_PATTERNS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"\bborder='crop'", "--crop"),
    (
        r"^(phase|threshold) and (threshold|method) are given\b",
        lambda match: f"--{match[1]} and {_CHOSEN[match[2]]} are given",
    ),
    (r"\bmethod='otsu'", "--otsu"),
    (r"\bpass (phase|threshold)\b(?!=)", r"pass --\1"),
    (r"(?<!-)\b(phase|threshold)=(\S+?)(?=[\s.,)]|$)(?<!\.)", r"--\1 \2"),
    (r"\bdecimal='([.,])'", r"--decimal \1"),
    (r"\bgpu=1 was asked for", "a GPU was asked for"),
    (r"\brun with --resources gpu=0\b", "leave --gpu out"),
    (rf"\(({'|'.join(_OPTIONS)})\)", lambda match: f"({_OPTIONS[match[1]]})"),
    (rf"(?<!-)\b({'|'.join(_MENTIONED)})\b", lambda match: _MENTIONED[match[1]]),
]


def for_the_command_line(message: str) -> str:
    """Return a message with the names of arguments turned into options.

    Examples
    --------
    >>> for_the_command_line("what is solid must be told: pass phase, such as phase=2.")
    'what is solid must be told: pass --phase, such as --phase 2.'
    >>> for_the_command_line("name the one to take (column).")
    'name the one to take (--depth-column).'
    """
    for pattern, replacement in _PATTERNS:
        message = re.sub(pattern, replacement, message)
    return message
