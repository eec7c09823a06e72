"""Lengths at the door: text with a unit becomes nm, and nothing without a unit comes in."""

import math
import re
import unicodedata
from decimal import Decimal

from fibgap.errors import InputError

#: Powers of ten from a unit to nm, by every spelling that is read, in lower case and in Unicode's
#: form NFKC, which makes the two signs for micro and for angstrom one each.
_EXPONENTS = {
    **dict.fromkeys(("pm", "picometer", "picometre"), -3),
    **dict.fromkeys(("å", "ang", "angstrom", "ångström", "ångstrom"), -1),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 0),
    **dict.fromkeys(("um", "\u03bcm", r"\u00b5m", "micron", "micrometer", "micrometre"), 3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 6),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 7),
    **dict.fromkeys(("m", "meter", "metre"), 9),
}

#: The usual units, as messages list them.
UNITS = ("nm", "um", "mm", "m", "Å")

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE)
#: One comma before three digits: a thousand to some people, a decimal to others.
_THOUSAND = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def unit_exponent(unit: str) -> int | None:
    """Return the power of ten from a unit of length to nm, or None if it is no unit of length.

    Examples
    --------
    >>> unit_exponent("µm"), unit_exponent("Microns"), unit_exponent("kV")
    (3, 3, None)
    """
    plain = unicodedata.normalize("NFKC", unit.strip()).lower()
    for spelling in (plain, plain.removesuffix("s")):
        if spelling in _EXPONENTS:
            return _EXPONENTS[spelling]
    return None


def require_unit(unit: str, name: str = "unit") -> int:
    """Return the power of ten from a unit of length to nm, or say that it is none.

    Raises
    ------
    InputError
        If the unit is unknown.
    """
    exponent = unit_exponent(unit)
    if exponent is None:
        raise InputError(f"{name} is '{unit}', which is no unit of length: {_choices()}.")
    return exponent


def parse_number(text: str, *, decimal_comma: bool | None = None) -> Decimal | None:
    """Return the number that a text is, exactly, or None if it is no number.

    Parameters
    ----------
    text : str
        Digits with a decimal point or comma, a sign and an exponent where wanted.
    decimal_comma : bool, optional
        Whether a comma is known to be (True) or not to be (False) a decimal one. Without it
        a comma is decimal where it cannot be anything else.

    Raises
    ------
    InputError
        If a comma could be a decimal one or one that groups digits, as in "1,000".

    Examples
    --------
    >>> parse_number("2,5"), parse_number("1e-3"), parse_number("2.5 nm")
    (Decimal('2.5'), Decimal('0.001'), None)
    >>> parse_number("1,089", decimal_comma=True)
    Decimal('1.089')
    """
    plain = text.strip().replace("−", "-")
    if not _NUMBER.fullmatch(plain) or ("," in plain and decimal_comma is False):
        return None
    if decimal_comma is None and _THOUSAND.fullmatch(plain):
        raise InputError(
            f"'{text.strip()}' can be read with a decimal comma or as thousands: write it with a "
            "decimal point."
        )
    return Decimal(plain.replace(",", "."))


def to_nm(number: Decimal, exponent: int) -> float:
    """Return a decimal number of a unit in nm, rounded once.

    Examples
    --------
    >>> to_nm(Decimal("1.0894"), 3)
    1089.4
    """
    return float(number.scaleb(exponent))


def split_length(text: str) -> tuple[str, str]:
    """Return the number and the unit of a length as texts, either of them empty if it is missing.

    Examples
    --------
    >>> split_length("2.5 nm"), split_length("-1e-3mm"), split_length("10"), split_length("tall")
    (('2.5', 'nm'), ('-1e-3', 'mm'), ('10', ''), ('', 'tall'))
    """
    plain = text.strip().replace("−", "-")
    match = _NUMBER.match(plain)
    if match is None:
        return "", plain
    return match[0], plain[match.end() :].strip()


def length_nm(
    text: str, *, unit: str | None = None, name: str = "length", decimal_comma: bool | None = None
) -> float:
    """Return a length that a person wrote, in nm.

    Parameters
    ----------
    text : str
        A number and a unit, such as "2.5nm", "0.01 um", "10 Å", "1e-3 mm" or "2,5 nm".
    unit : str, optional
        The unit of a number without one. A text with another unit is refused, not converted.
    name : str
        What the length is, for messages.
    decimal_comma : bool, optional
        See `parse_number`.

    Returns
    -------
    float
        The length in nm, as near as a float can be to the decimal number.

    Raises
    ------
    InputError
        If the text is no length, if its unit is missing, unknown or contradicted, or if its comma
        can be read in two ways.

    Examples
    --------
    >>> length_nm("2.5nm"), length_nm("0.01 µm"), length_nm("10 Å"), length_nm("2,5", unit="um")
    (2.5, 10.0, 1.0, 2500.0)
    """
    digits, own = split_length(text)
    try:
        number = parse_number(digits, decimal_comma=decimal_comma) if digits else None
    except InputError as error:
        raise InputError(f"{name} {error}") from None
    if number is None:
        raise InputError(f"{name} '{text}' is no number with a unit of length, such as 2.5nm.")
    if not own and unit is None:
        raise InputError(f"{name} '{text}' has no unit: {_choices()}.")
    exponent = unit_exponent(own or str(unit))
    if exponent is None:
        raise InputError(
            f"{name} '{text}' has the unit '{own or unit}', which is no length: {_choices()}."
        )
    if own and unit is not None and exponent != require_unit(unit):
        raise InputError(f"{name} '{text}' is in {own}, but {unit} is given as its unit.")
    value = to_nm(number, exponent)
    if not math.isfinite(value):
        raise InputError(f"{name} '{text}' is too large to be a length.")
    return value


def _choices() -> str:
    """Return the usual units as the end of a message."""
    return f"write one of {', '.join(UNITS)}"
