"""The section `calibrate`."""

from typing import Annotated

from pydantic import Field

from fibgap.experiment.config.fields import Section, key

Fractions = Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=2, max_length=2)]
Lengths = Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=2)]


class LevelRanges(Section):
    """Ranges of the search for a level of the structure."""

    solid_fraction: Fractions = key("Range of the fraction of the volume where the level is solid.")
    wavelength_nm: Lengths = key("Range of the wavelength.", unit="nm")


class SearchStage(Section):
    """One stage of a search."""

    settings: int = key("Number of settings that are tried.", ge=2)
    datasets: int = key("Number of volumes per setting.", ge=2)


class Judged(Section):
    """A structure that is judged whatever the search finds."""

    solid_fraction: list[Annotated[float, Field(gt=0, lt=1)]] = key(
        "Fraction of the volume where a level is solid, per level, the coarsest first.",
        min_length=1,
    )
    wavelength_nm: list[Annotated[float, Field(gt=0)]] = key(
        "Wavelength, per level.", unit="nm", min_length=1
    )


class Finalists(SearchStage):
    """The last stage of a search."""

    first_dataset: int = key(
        "Number of the first volume. Beyond those of the other stages, finalists are judged on "
        "volumes that did not choose them.",
        0,
        ge=0,
    )
    also: list[Judged] = key("Structures that are judged in any case.", [])


class Calibrate(Section):
    """The search for the structure whose Original row agrees with the paper's.

    The command is python -m fibgap.experiment.calibration.
    """

    levels: list[LevelRanges] = key(
        "Ranges of the search, one row per level of the structure, the coarsest first.",
        min_length=1,
    )
    screen: SearchStage = key(
        "First stage, over the whole ranges, by TPCF and LPF.",
        SearchStage(settings=160, datasets=30),
    )
    refine: SearchStage = key(
        "Second stage, the best of the first and others between them, by TPCF and LPF.",
        SearchStage(settings=24, datasets=250),
    )
    finalists: Finalists = key(
        "Third stage, the best of the second, by TPCF, LPF and D.",
        Finalists(settings=4, datasets=250),
    )
    mean_tolerance: float = key(
        "Relative deviation of a mean that still counts as agreement.", 0.1, gt=0
    )
    sd_tolerance: float = key(
        "Relative deviation of a standard deviation that still counts as agreement.", 0.25, gt=0
    )
