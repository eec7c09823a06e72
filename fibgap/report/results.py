"""From the table of datasets to everything that is said of it: tables, statistics, sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fibgap.arms import BASELINE, ORIGINAL
from fibgap.experiment.reference import read_reference
from fibgap.report.footnotes import network_footnotes
from fibgap.report.tables import (
    Table,
    agreement,
    agreement_sentences,
    agreement_table,
    build_table,
    comparison_table,
    ordering,
    share_table,
    win_table,
)
from fibgap.statistics import (
    ANISOTROPY_COLUMNS,
    closed_shares,
    count_wins,
    paired_comparisons,
    share_sentences,
    verdicts,
    win_sentences,
)

CAPTIONS = {
    "S3": "Performance of interpolation techniques on synthetic datasets.",
    "S4": "Performance of interpolation techniques on synthetic datasets, continued.",
}


CENTRED_NOTE = "TPCF stands for the two-point correlation less the square of the solid fraction."
FAMILY_NOTE = ("Every network is a question of its own: Holm's correction is made for each.",)


@dataclass(frozen=True)
class Results:
    """What a run has to say.

    Attributes
    ----------
    tables : dict of Table
        "S3" and "S4".
    agreement : Table
        Every published cell beside this run's.
    agreement_sentences : list of str
        The same in words.
    statistics : dict of Table
        "wins" and "comparisons", and "shares" where there is a baseline.
    verdicts : list of str
        What is significant, in words.
    """

    tables: dict[str, Table]
    agreement: Table
    agreement_sentences: list[str]
    statistics: dict[str, Table]
    verdicts: list[str]


def table_rows(arms: Sequence[Mapping[str, Any]], table: str) -> list[str]:
    """Return the rows of a table: the true volume, then the arms that name the table, in order."""
    return [ORIGINAL, *(arm["name"] for arm in arms if table in arm["tables"])]


def _families(names: Sequence[str], networks: Sequence[str]) -> list[list[tuple[str, str]] | None]:
    """Return the pairs of arms to compare, in families for Holm's correction.

    The question of the tables is what a network gains over the classical arms. Without a network
    every arm meets every other (None).
    """
    if not networks:
        return [None]
    return [[(one, other) for other in names if other not in networks] for one in networks]


def build_results(
    metrics: pd.DataFrame,
    arms: Sequence[Mapping[str, Any]],
    reference: pd.DataFrame,
    *,
    footnotes: Mapping[str, str],
    confidence: float,
    n_resamples: int,
    base_seed: int,
    tpcf_centred: bool = False,
) -> Results:
    """Build all tables and sentences of a run.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row a dataset and arm.
    arms : sequence of dict
        The arm table of the configuration.
    reference : pandas.DataFrame
        Published values, from `fibgap.report.tables.read_reference`.
    footnotes : dict of str
        By arm, a sentence on what it stands for.
    confidence, n_resamples, base_seed
        Of the bootstrap intervals.
    tpcf_centred : bool
        Whether the square of the solid fraction was taken off the TPCF: the tables say so.
    """
    general = [CENTRED_NOTE] if tpcf_centred else []
    intervals: dict[str, Any] = {
        "confidence": confidence,
        "n_resamples": n_resamples,
        "base_seed": base_seed,
    }
    measured = [column for column in ANISOTROPY_COLUMNS if metrics[column].notna().any()]
    names = [arm["name"] for arm in arms]
    tables = {}
    for name, caption in CAPTIONS.items():
        rows = table_rows(arms, name)
        if len(rows) > 1:
            tables[name] = build_table(
                name,
                metrics,
                rows,
                reference=reference,
                caption=caption,
                footnotes=[*general, *(footnotes[row] for row in rows if row in footnotes)],
                columns=measured,
                **intervals,
            )
    cells = agreement(metrics, reference, **intervals)
    order = ordering(cells, confidence=confidence)
    compared = [*measured, "voxel_error"]
    networks = [arm["name"] for arm in arms if arm["filler"] == "network"]
    families = _families(names, networks)
    comparisons = [
        paired_comparisons(metrics, compared, names, pairs=pairs, **intervals) for pairs in families
    ]
    wins = count_wins(metrics, compared, names)
    statistics = {
        "wins": win_table(wins),
        "comparisons": comparison_table(
            pd.concat(comparisons, ignore_index=True), footnotes=FAMILY_NOTE[: len(families) > 1]
        ),
    }
    sentences = [sentence for family in comparisons for sentence in verdicts(family)]
    sentences = [*win_sentences(wins), *sentences]
    if BASELINE in names and networks:
        shares = closed_shares(
            metrics, measured, networks, BASELINE, reference=reference, **intervals
        )
        statistics = {"shares": share_table(shares), **statistics}
        sentences = [*share_sentences(shares), *sentences]
    return Results(
        tables=tables,
        agreement=agreement_table(cells, order),
        agreement_sentences=agreement_sentences(cells, order),
        statistics=statistics,
        verdicts=sentences,
    )


def load_results(
    metrics: Path | str,
    reference: Sequence[Path | str],
    weights: Mapping[str, Path | str],
    settings: Mapping[str, Any],
) -> Results:
    """Build the results of a run from its files.

    Parameters
    ----------
    metrics : path
        The table of datasets, CSV.
    reference : sequence of path
        Tables of published values.
    weights : mapping of path
        By network arm, the weights that it used: its footnote says what they remember.
    settings : mapping
        ``arms`` (the arm table), ``labels`` (of networks, by arm), ``confidence``, ``resamples``,
        ``base_seed`` and ``tpcf_centred``.
    """
    return build_results(
        pd.read_csv(metrics),
        settings["arms"],
        read_reference(*reference),
        footnotes=network_footnotes(weights, settings["labels"]),
        confidence=settings["confidence"],
        n_resamples=settings["resamples"],
        base_seed=settings["base_seed"],
        tpcf_centred=settings["tpcf_centred"],
    )
