"""Cells of a table and how Markdown, LaTeX and HTML write them."""

import html
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from fibgap.statistics import TARGET, column

#: Stands where a value is undefined.
DASH = "–"

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "ε": r"$\varepsilon$",
    "√": r"$\surd$",
    "–": "--",
    "²": "$^2$",
    "³": "$^3$",
    "“": "``",
    "”": "''",
}


def escape_latex(text: str) -> str:
    r"""Write text so that LaTeX prints it as it is.

    Parameters
    ----------
    text : str
        Plain text.

    Returns
    -------
    str
        LaTeX source.

    Examples
    --------
    >>> print(escape_latex("5 % of A_1 & B"))
    5 \% of A\_1 \& B
    """
    return "".join(_LATEX.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    r"""Write text so that Markdown prints it as it is, in a table too.

    Parameters
    ----------
    text : str
        Plain text.

    Returns
    -------
    str
        Markdown source, on one line.

    Examples
    --------
    >>> print(escape_markdown("a_b | c"))
    a\_b \| c
    """
    return re.sub(r"([\\`*_|<$\[\]])", r"\\\1", text).replace("\n", " ")


@dataclass(frozen=True)
class Markup:
    """How a format escapes text, emphasises it, and writes the symbol of an error.

    `small` is for what stands behind the main thing of a cell; `symbol` takes the letter ("e" or
    "ε") and the measure ("TPCF").
    """

    escape: Callable[[str], str]
    bold: str
    italic: str
    small: str
    symbol: Callable[[str, str], str]


def _latex_symbol(letter: str, measure: str) -> str:
    letter = {"ε": r"\varepsilon"}.get(letter, letter)
    return rf"${letter}_{{L_2}}^{{\mathrm{{{escape_latex(measure)}}}}}$"


def _markdown_symbol(letter: str, measure: str) -> str:
    letter = {"ε": r"\varepsilon"}.get(letter, letter)
    return f"${letter}_{{L_2}}^{{{measure}}}$"


def _html_symbol(letter: str, measure: str) -> str:
    return (
        f"<math><msubsup><mi>{letter}</mi><msub><mi>L</mi><mn>2</mn></msub>"
        f"<mtext>{html.escape(measure)}</mtext></msubsup></math>"
    )


MARKDOWN = Markup(escape_markdown, "**{}**", "*{}*", " ({})", _markdown_symbol)
LATEX = Markup(
    escape_latex, r"\textbf{{{}}}", r"\textit{{{}}}", r" {{\footnotesize {}}}", _latex_symbol
)
HTML = Markup(html.escape, "<strong>{}</strong>", "<em>{}</em>", " <small>{}</small>", _html_symbol)


def number(value: float, decimals: int = 4, *, signed: bool = False) -> str:
    """Write a number with fixed decimals and a true minus sign.

    Parameters
    ----------
    value : float
        NaN gives a dash.
    decimals : int
        Digits after the point.
    signed : bool
        Write a plus sign as well; what rounds to zero has no sign.

    Returns
    -------
    str
        Plain text.

    Examples
    --------
    >>> number(0.10384), number(-0.00001), number(0.0012, signed=True), number(float("nan"))
    ('0.1038', '0.0000', '+0.0012', '–')
    """
    if math.isnan(value):
        return DASH
    text = f"{value:+.{decimals}f}"
    if float(text) == 0 or (text[0] == "+" and not signed):
        text = text[1:]
    return text.replace("-", "−")


def interval_text(low: float, high: float, decimals: int = 4) -> "Text":
    """Write an interval, a dash where it is undefined."""
    if math.isnan(low):
        return Text(DASH)
    return Text(f"{number(low, decimals)} to {number(high, decimals)}")


def p_words(p: float) -> str:
    """Write a p value as people read it, a dash where it is undefined.

    Examples
    --------
    >>> p_words(0.0312), p_words(1e-9)
    ('0.031', '< 0.0001')
    """
    if math.isnan(p):
        return DASH
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.01 else f"{p:.3f}"


@dataclass(frozen=True)
class Text:
    """Plain text."""

    text: str
    strong: bool = False

    def render(self, markup: Markup) -> str:
        """Write the cell in a format."""
        escaped = markup.escape(self.text)
        return markup.bold.format(escaped) if self.strong else escaped


@dataclass(frozen=True)
class Arm:
    """The name of an arm, set as the paper sets it; `label` adds what the true volume is for."""

    name: str
    label: bool = False

    def render(self, markup: Markup) -> str:
        """Write the cell in a format."""
        if self.name == TARGET:
            added = markup.escape(" [target values]") if self.label else ""
            return markup.italic.format(markup.escape(TARGET)) + added
        if self.name.endswith("-s"):
            return markup.escape(self.name[:-1]) + markup.italic.format("s")
        return markup.escape(self.name)


@dataclass(frozen=True)
class Heading:
    """The symbol or name of a column of the metrics, with an arrow towards better values."""

    column: str
    arrow: bool = True

    def render(self, markup: Markup) -> str:
        """Write the cell in a format."""
        known = column(self.column)
        if known.letter:
            text = markup.symbol(known.letter, known.measure)
        else:
            text = markup.escape(known.title)
        if known.better is None or not self.arrow:
            return text
        return text + " " + markup.escape("↑" if known.better == "higher" else "↓")


@dataclass(frozen=True)
class Value:
    """A number, with its standard deviation if `sd` is given; strong where it is the best."""

    mean: float
    sd: float | None = None
    decimals: int = 4
    signed: bool = False
    strong: bool = False

    def render(self, markup: Markup) -> str:
        """Write the cell in a format."""
        text = number(self.mean, self.decimals, signed=self.signed)
        if self.sd is not None and not math.isnan(self.mean):
            text += f" ± {number(self.sd, self.decimals)}"
        escaped = markup.escape(text)
        return markup.bold.format(escaped) if self.strong else escaped


@dataclass(frozen=True)
class Count:
    """A whole number."""

    count: int

    def render(self, markup: Markup) -> str:
        """Write the cell in a format."""
        return markup.escape(str(self.count))


#: How a comparison is written whose sign says nothing.
_NO_SIGN = {"not significant": "n.s.", "too few": "few", "mixed": "mixed"}


@dataclass(frozen=True)
class Comparison:
    """What a paired comparison gave: its `fibgap.statistics.outcome`, sign, effect and p."""

    outcome: str
    difference: float
    effect: float
    p: float

    def render(self, markup: Markup) -> str:
        """Write the cell in a format."""
        if self.outcome == "equal":
            return markup.escape("equal")
        sign = _NO_SIGN.get(self.outcome, "▼" if self.difference < 0 else "▲")
        text = markup.escape(f"{sign} {number(self.effect, 2, signed=True)}")
        text = text if self.outcome in _NO_SIGN else markup.bold.format(text)
        return text + markup.small.format(markup.escape(p_words(self.p)))


Cell = Text | Arm | Heading | Value | Count | Comparison
