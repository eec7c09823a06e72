"""What the numbers amount to, in three sentences."""

import pandas as pd

from fibgap.report.results import Results
from fibgap.statistics import TARGET, column

#: Below this number of datasets the sentences warn that agreement says little.
FEW_DATASETS = 30


def _percent(low: float, high: float) -> str:
    """Write one or two shares as percent."""
    texts = list(dict.fromkeys(f"{100 * value:.0f}".replace("-", "−") for value in (low, high)))
    return f"{' to '.join(texts)} %"


def _listed(words: list[str]) -> str:
    """Join with commas and a final "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _symbols(measures: list[str]) -> str:
    return _listed([column(name).measure for name in measures])


def most_isotropic(summary: pd.DataFrame) -> str:
    """Return the arm whose mean anisotropy error is the lowest in most measures.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `fibgap.report.tables.paper_frame`.

    Returns
    -------
    str
        Of arms with as many measures, the one with the lowest sum of ranks, then the first.
    """
    rows = summary[(summary["block"] == "anisotropy") & (summary["arm"] != TARGET)]
    wide = rows.pivot(index="arm", columns="measure", values="mean").rank()
    wide = wide.loc[list(dict.fromkeys(rows["arm"]))]
    order = pd.DataFrame({"first": -(wide == 1).sum(axis=1), "ranks": wide.sum(axis=1)})
    return str(order.sort_values(["first", "ranks"], kind="stable").index[0])


def _judged(results: Results) -> pd.DataFrame:
    """Return the summary without arms that stand beside themselves at true depths.

    Where these depths come from images, a low anisotropy error would be no merit.
    """
    summary = results.frames["all_arms"]
    if "by_source" not in results.frames:
        return summary
    frame = results.frames["by_source"]
    return summary[~summary["arm"].isin(frame.loc[frame["arm"] != frame["base"], "arm"])]


def _closed(results: Results, arm: str) -> str:
    """Say how much of the way from the classical arms to the truth an arm goes."""
    shares = results.frames.get("shares", pd.DataFrame(columns=["arm", "share", "baseline"]))
    own = shares[(shares["arm"] == arm) & shares["share"].notna()]
    if own.empty:
        return ""
    (first, share), *others = (
        (baseline, _percent(rows["share"].min(), rows["share"].max()))
        for baseline, rows in own.groupby("baseline", sort=False)
    )
    told = f"from {first} it goes {share} of the way to the mean error of the true volume"
    parts = [told, *(f"from {baseline} {share}" for baseline, share in others)]
    beyond = " (above 100 %: more isotropic than that)" if own["share"].max() > 1 else ""
    return f"; {_listed(parts)}{beyond}"


def _isotropy(results: Results, arm: str) -> str:
    """Say which arm is the most isotropic, and how near it comes."""
    summary = _judged(results)
    measures = summary[summary["block"] == "anisotropy"]
    arms = [name for name in dict.fromkeys(measures["arm"]) if name != TARGET]
    n = int(measures["n"].max())
    over = f"Over {n} dataset{'' if n == 1 else 's'}"
    if len(arms) == 1:
        return f"{over} {arm} is the only arm{_closed(results, arm)}."
    best = list(measures.loc[(measures["arm"] == arm) & measures["best"], "measure"])
    lowest = f": its mean error is the lowest in {_symbols(best)}" if best else ""
    return f"{over} {arm} is the most isotropic of {len(arms)} arms{lowest}{_closed(results, arm)}."


def _truth(results: Results, arm: str) -> str:
    """Say how an arm stands against the truth, and whether it is equivalent to it."""
    summary = _judged(results)
    errors = summary[(summary["measure"] == "voxel_error") & summary["mean"].notna()]
    means = errors.set_index("arm")["mean"]
    parts = []
    if arm in means:
        said = f"{arm} misclassifies {100 * means[arm]:.1f} % of the voxels that it fills"
        others = means.drop(arm)
        if len(others):
            rival = str(others.idxmin())
            fewest = "fewer than any other arm" if means[arm] < others[rival] else "not the fewest"
            said += f", {fewest} ({rival}: {100 * others[rival]:.1f} %)"
        parts.append(said)
    if "equivalence" in results.frames:
        tests = results.frames["equivalence"]
        own = tests[tests["arm"] == arm]
        if len(own):
            who = "it" if parts else arm
            passed = _symbols(list(own.loc[own["equivalent"], "measure"]))
            tenth = f"a tenth of the distance from {own['baseline'].iloc[0]}"
            parts.append(
                f"{who} is shown equivalent to the true volume, within {tenth}, in {passed}"
                if passed
                else f"{who} is in no measure shown equivalent to the true volume within {tenth}"
            )
    return "; ".join(parts) + "." if parts else ""


def _agreement(results: Results) -> str:
    """Say how far this run agrees with the published values."""
    cells = results.frames["agreement"]
    if cells.empty:  # nothing published to compare with
        return ""
    decided = cells[cells["verdict"].isin(["agrees", "higher", "lower"])]
    if decided.empty:
        return "No published value can be judged from this run."
    agreeing = int((decided["verdict"] == "agrees").sum())
    sentence = f"{agreeing} of {len(decided)} published values agree with this run"
    away = decided[decided["verdict"] != "agrees"]
    if len(away):
        worst = away.iloc[int((away["difference"].abs() / away["margin"]).argmax())]
        sentence += (
            f"; farthest off is {worst['arm']} in {column(worst['measure']).measure}, "
            f"{worst['mean']:.4f} where the paper has {worst['paper_mean']:.4f}"
        )
    n = int(cells["n"].max())
    if n < FEW_DATASETS:
        sentence += f"; with {n} dataset{'' if n == 1 else 's'} the margins are wide"
    return sentence + "."


def verdict(results: Results) -> list[str]:
    """Say in at most three sentences what a run shows.

    Parameters
    ----------
    results : Results
        From `fibgap.report.results`.

    Returns
    -------
    list of str
        Which arm is the most isotropic and how near it comes to the true volume; how it stands
        against the truth, where there is one; how far the run agrees with the published values,
        where there are any.
    """
    arm = most_isotropic(_judged(results))
    sentences = [_isotropy(results, arm), _truth(results, arm), _agreement(results)]
    return [sentence for sentence in sentences if sentence]
