"""Which settings are computed, and which of them stands for each point of each factor."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.depth_sources import DEPTHS, TRUE
from fibgap.placement import NEED_NOMINAL
from fibgap.synthetic.milling import Milling

#: The setting of the configuration itself, which every factor passes through.
DEFAULT = "default"
#: What a person calls each factor, and the factor on its values as printed.
FACTORS: dict[str, tuple[str, float]] = {
    "mean_voxels": ("Mean slice thickness / voxels", 1),
    "relative_sd": ("Spread of the thickness / % of its mean", 100),
    "depth_error_voxels": ("Error of the measured depth / voxels", 1),
    "nominal_ratio": ("Nominal over true thickness", 1),
    "lognormal_sd": ("Spread of a lognormal thickness / % of its mean", 100),
    "image_side": ("Side of the images / pixels", 1),
    "image_blur_pixels": ("Blur of the images / pixels", 1),
    "image_noise": ("Noise of the images", 1),
    "image_jitter_pixels": ("Jitter of the images / pixels", 1),
    "ruler_angle_deg": ("Angle of the ruler / degrees", 1),
    "ruler_reading_voxels": ("Error of reading a line / voxels", 1),
}
#: Factors of what depths are told from: the part of the section `depths`, and the key in it.
_TOLD_FROM = {
    "image_side": ("images", "side"),
    "image_blur_pixels": ("images", "blur_pixels"),
    "image_noise": ("images", "noise"),
    "image_jitter_pixels": ("images", "jitter_pixels"),
    "ruler_angle_deg": ("ruler", "angle_deg"),
    "ruler_reading_voxels": ("ruler", "reading_sd_nm"),
}


@dataclass(frozen=True)
class Setting:
    """One milling and one way to place its slices, for some arms.

    Attributes
    ----------
    milling : Milling
        The distribution of slice thickness.
    nominal_nm : float
        Nominal slice thickness in nm.
    depth_error_nm : float
        Standard deviation of the error of a measured depth in nm.
    arms : tuple of str
        The arms that are computed, `ORIGINAL` not among them: it always is.
    depths : dict
        The section `depths` of the configuration, for arms that are not told true depths.
    """

    milling: Milling
    nominal_nm: float
    depth_error_nm: float
    arms: tuple[str, ...]
    depths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values."""
        return {**asdict(self), "arms": list(self.arms)}


@dataclass(frozen=True)
class Case:
    """A point of a factor for one arm, and the name of the setting in which it is computed."""

    factor: str
    value: float
    arm: str
    setting: str


@dataclass(frozen=True)
class Plan:
    """Settings by name, what each of them is used for, and where factors have their defaults."""

    settings: Mapping[str, Setting]
    cases: tuple[Case, ...]
    defaults: Mapping[str, float]


def _default_setting(config: Mapping[str, Any]) -> Setting:
    """Return the configuration's own setting, without arms: depths are measured exactly."""
    nominal_nm = config["place_slices"]["nominal_nm"]
    # The study cuts at layers: another value of `subvoxel` is refused beside it.
    thickness = {name: value for name, value in config["mill_slices"].items() if name != "subvoxel"}
    return Setting(Milling(**thickness), nominal_nm, 0.0, (), config["depths"])


def _default_values(setting: Setting, voxel_nm: float, side: int) -> dict[str, float]:
    """Return where the default setting lies on every factor; whole slices have a side, too."""
    milling = setting.milling
    # No milling but a lognormal one lies on that factor.
    tails = {"lognormal_sd": milling.sd_nm / milling.mean_nm}
    return {
        "mean_voxels": milling.mean_nm / voxel_nm,
        "relative_sd": milling.sd_nm / milling.mean_nm,
        "depth_error_voxels": setting.depth_error_nm / voxel_nm,
        "nominal_ratio": setting.nominal_nm / milling.mean_nm,
        **(tails if milling.distribution == "lognormal" else {}),
        **{
            factor: setting.depths[part][key] / (voxel_nm if key.endswith("_nm") else 1)
            for factor, (part, key) in _TOLD_FROM.items()
        },
        "image_side": setting.depths["images"]["side"] or side,
    }


def vary(setting: Setting, factor: str, value: float, voxel_nm: float) -> Setting:
    """Return a setting with one factor at another value and all others as they are.

    Parameters
    ----------
    setting : Setting
        Where to start from.
    factor : str
        A key of `FACTORS`.
    value : float
        Its value there: voxels, or a ratio.
    voxel_nm : float
        Voxel size in nm.

    Notes
    -----
    ASSUME: the mean thickness is varied at the same relative spread and the same ratio of nominal
    to mean thickness; these two are factors of their own.

    Examples
    --------
    >>> start = Setting(Milling("normal", 10, 3, 2.5), 10, 0.0, ())
    >>> thick = vary(start, "mean_voxels", 8, 2.5)
    >>> thick.milling.mean_nm, thick.milling.sd_nm, thick.nominal_nm
    (20.0, 6.0, 20.0)
    """
    milling = setting.milling
    if factor == "mean_voxels":
        scale = value * voxel_nm / milling.mean_nm
        scaled = replace(milling, mean_nm=milling.mean_nm * scale, sd_nm=milling.sd_nm * scale)
        return replace(setting, milling=scaled, nominal_nm=setting.nominal_nm * scale)
    if factor == "relative_sd":
        return replace(setting, milling=replace(milling, sd_nm=value * milling.mean_nm))
    if factor == "depth_error_voxels":
        return replace(setting, depth_error_nm=value * voxel_nm)
    if factor == "nominal_ratio":
        return replace(setting, nominal_nm=value * milling.mean_nm)
    if factor == "lognormal_sd":
        tails = replace(milling, distribution="lognormal", sd_nm=value * milling.mean_nm)
        return replace(setting, milling=tails)
    if factor in _TOLD_FROM:
        part, key = _TOLD_FROM[factor]
        there = {**setting.depths[part], key: value * (voxel_nm if key.endswith("_nm") else 1)}
        return replace(setting, depths={**setting.depths, part: there})
    raise InputError(f"factor '{factor}' is unknown; choose one of {', '.join(FACTORS)}.")


def _arms_of(config: Mapping[str, Any], factor: str) -> tuple[list[str], list[str]]:
    """Return the arms that a factor shows, and those of them on which it acts."""
    table = {arm["name"]: arm["placement"] for arm in config["arms"]}
    reads = {arm["name"]: DEPTHS[arm["depths"]].reads for arm in config["arms"]}
    chosen = config["sensitivity"]["arms"]
    for name in chosen:
        if name not in table:
            raise InputError(
                f"configuration: sensitivity.arms names the arm '{name}', which is not in arms."
            )
    shown = list(chosen) or [name for name, place in table.items() if place == "repositioned"]
    if factor == "nominal_ratio":
        nominal = [n for n, p in table.items() if p in NEED_NOMINAL or "nominal_nm" in reads[n]]
        shown += [name for name in nominal if name not in shown]
        return shown, [name for name in shown if name in nominal]
    if factor == "depth_error_voxels":
        told = {arm["name"] for arm in config["arms"] if arm["depths"] == TRUE}
        return shown, [name for name in shown if table[name] != "nominal" and name in told]
    if factor in _TOLD_FROM:
        return shown, [name for name in shown if _TOLD_FROM[factor][0] in reads[name]]
    return shown, shown


def make_plan(config: Mapping[str, Any]) -> Plan:
    """Plan which settings to compute, each of them once.

    Parameters
    ----------
    config : dict
        A checked configuration with a section `sensitivity`.

    Returns
    -------
    Plan
        A point where a factor has its default value, and an arm on which a factor does not act,
        take their values from the default setting.

    Raises
    ------
    InputError
        If a chosen arm is not in the arm table, a point makes an impossible milling, or there is
        no point at all.
    """
    voxel_nm = config["generate_volumes"]["voxel_nm"]
    start = _default_setting(config)
    side = min(config["generate_volumes"]["shape"][1:])
    here = _default_values(start, voxel_nm, side)
    settings = {DEFAULT: start}
    cases: list[Case] = []
    used_at_default: dict[str, None] = {}
    for factor, points in config["sensitivity"]["factors"].items():
        shown, acted_on = _arms_of(config, factor)
        for index, value in enumerate(points):
            # A part in 10^9: the default is a quotient, the point a decimal.
            away = abs(value - here.get(factor, math.inf))
            at_default = away <= 1e-9 * max(1.0, abs(value))
            name = DEFAULT if at_default else f"{factor}_{index}"
            if factor == "image_side" and value > side:
                raise InputError(
                    f"configuration: sensitivity.factors.image_side has the point {value:g}, but "
                    f"slices have {side} pixels."
                )
            if not at_default:
                settings[name] = _possible(start, factor, value, voxel_nm, tuple(acted_on))
            for arm in shown:
                source = name if arm in acted_on else DEFAULT
                cases.append(Case(factor, float(value), arm, source))
                used_at_default |= {arm: None} if source == DEFAULT else {}
            cases.append(Case(factor, float(value), ORIGINAL, name))
    if not cases:
        raise InputError("configuration: sensitivity.factors holds no point.")
    settings[DEFAULT] = replace(start, arms=tuple(used_at_default))
    used = {case.setting for case in cases}
    return Plan({name: settings[name] for name in settings if name in used}, tuple(cases), here)


def _possible(
    start: Setting, factor: str, value: float, voxel_nm: float, arms: tuple[str, ...]
) -> Setting:
    """Return the setting of a point, or say which point is impossible, and why."""
    head = f"configuration: sensitivity.factors.{factor} has the point {value:g}, but"
    try:
        setting = vary(replace(start, arms=arms), factor, value, voxel_nm)
    except InputError as error:
        raise InputError(f"{head} {error}") from None
    if setting.nominal_nm < voxel_nm:
        raise InputError(
            f"{head} its nominal thickness of {setting.nominal_nm:g} nm is below the voxel of "
            f"{voxel_nm:g} nm."
        )
    return setting
