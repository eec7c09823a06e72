"""Which settings are computed, and which of them stands for each point of each factor."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.config.objects import milling_of
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
    """

    milling: Milling
    nominal_nm: float
    depth_error_nm: float
    arms: tuple[str, ...]

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
    return Setting(milling_of(dict(config)), config["place_slices"]["nominal_nm"], 0.0, ())


def _default_values(setting: Setting, voxel_nm: float) -> dict[str, float]:
    """Return where the default setting lies on every factor."""
    milling = setting.milling
    return {
        "mean_voxels": milling.mean_nm / voxel_nm,
        "relative_sd": milling.sd_nm / milling.mean_nm,
        "depth_error_voxels": setting.depth_error_nm / voxel_nm,
        "nominal_ratio": setting.nominal_nm / milling.mean_nm,
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
    raise InputError(f"factor '{factor}' is unknown; choose one of {', '.join(FACTORS)}.")


def _arms_of(config: Mapping[str, Any], factor: str) -> tuple[list[str], list[str]]:
    """Return the arms that a factor shows, and those of them on which it acts."""
    table = {arm["name"]: arm["placement"] for arm in config["arms"]}
    chosen = config["sensitivity"]["arms"]
    for name in chosen:
        if name not in table:
            raise InputError(
                f"configuration: sensitivity.arms names the arm '{name}', which is not in arms."
            )
    shown = list(chosen) or [name for name, place in table.items() if place == "repositioned"]
    if factor == "nominal_ratio":
        shown += [n for n, p in table.items() if p in NEED_NOMINAL and n not in shown]
        return shown, [name for name in shown if table[name] in NEED_NOMINAL]
    if factor == "depth_error_voxels":
        return shown, [name for name in shown if table[name] != "nominal"]
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
    here = _default_values(start, voxel_nm)
    settings = {DEFAULT: start}
    cases: list[Case] = []
    used_at_default: dict[str, None] = {}
    for factor, points in config["sensitivity"]["factors"].items():
        shown, acted_on = _arms_of(config, factor)
        for index, value in enumerate(points):
            # A part in 10^9: the default is a quotient, the point a decimal.
            at_default = abs(value - here[factor]) <= 1e-9 * max(1.0, abs(value))
            name = DEFAULT if at_default else f"{factor}_{index}"
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
