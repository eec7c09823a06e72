"""The section `sensitivity`."""

from typing import Annotated

from pydantic import Field

from fibgap.experiment.config.fields import Section, Unique, key, part


class Factors(Section):
    """Points of every factor; the others keep what the other sections say meanwhile."""

    mean_voxels: Annotated[list[Annotated[float, Field(ge=1, le=100)]], Unique()] = key(
        "Mean slice thickness, at the same relative spread and nominal ratio.",
        [2, 3, 4, 6, 8],
        unit="voxels",
    )
    relative_sd: Annotated[list[Annotated[float, Field(ge=0, le=2)]], Unique()] = key(
        "Standard deviation of the slice thickness over its mean.",
        [0, 0.15, 0.3, 0.45, 0.6],
    )
    depth_error_voxels: Annotated[list[Annotated[float, Field(ge=0, le=20)]], Unique()] = key(
        "Standard deviation of the error of each measured depth.",
        [0, 0.5, 1, 1.5, 2],
        unit="voxels",
    )
    nominal_ratio: Annotated[list[Annotated[float, Field(gt=0, le=10)]], Unique()] = key(
        "Nominal over mean slice thickness.", [0.6, 0.8, 1, 1.25, 1.5]
    )
    lognormal_sd: Annotated[list[Annotated[float, Field(ge=0, le=2)]], Unique()] = key(
        "Standard deviation over the mean of a lognormal slice thickness, which has a heavy tail.",
        [],
    )
    image_side: Annotated[list[Annotated[int, Field(ge=8)]], Unique()] = key(
        "Side of the images from which thickness is told.", [], unit="pixels"
    )
    image_blur_pixels: Annotated[list[Annotated[float, Field(ge=0)]], Unique()] = key(
        "Blur of these images.", [], unit="pixels"
    )
    image_noise: Annotated[list[Annotated[float, Field(ge=0)]], Unique()] = key(
        "Noise of these images; solid and pore differ by 1.", []
    )
    image_jitter_pixels: Annotated[list[Annotated[float, Field(ge=0)]], Unique()] = key(
        "Shifts of these images.", [], unit="pixels"
    )
    ruler_angle_deg: Annotated[list[Annotated[float, Field(gt=0, lt=180)]], Unique()] = key(
        "Full angle of the ruler.", [], unit="degrees"
    )
    ruler_reading_voxels: Annotated[list[Annotated[float, Field(gt=0)]], Unique()] = key(
        "Standard deviation of the reading of one line of the ruler.", [], unit="voxels"
    )


class Sensitivity(Section):
    """Errors against one factor at a time (target sensitivity, rule measure_sensitivity)."""

    datasets: int = key(
        "Number of datasets per point; the same true volumes at every point.", 20, ge=1
    )
    arms: Annotated[list[str], Unique()] = key(
        "Arms of the arm table that are compared; none takes all repositioned ones. The true "
        "volume is always there, and `nominal_ratio` takes all nominal and resampled arms besides.",
        [],
    )
    factors: Factors = part(Factors, {})
