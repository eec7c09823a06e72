"""How sure the numbers are: intervals, paired comparisons of arms, and what they allow to say."""

from fibgap.statistics.comparisons import holm, paired_comparisons, rank_biserial
from fibgap.statistics.intervals import RESAMPLES, Interval, bootstrap_interval, paired_interval
from fibgap.statistics.metrics import (
    ANISOTROPY_COLUMNS,
    HIGHER_IS_BETTER,
    TARGET,
    TRUTH_COLUMNS,
    by_dataset,
    column_words,
)
from fibgap.statistics.shares import ClosedShare, closed_share, closed_shares
from fibgap.statistics.verdicts import p_words, share_sentences, verdicts
from fibgap.statistics.wins import count_wins, win_sentences

__all__ = [
    "ANISOTROPY_COLUMNS",
    "HIGHER_IS_BETTER",
    "RESAMPLES",
    "TARGET",
    "TRUTH_COLUMNS",
    "ClosedShare",
    "Interval",
    "bootstrap_interval",
    "by_dataset",
    "closed_share",
    "closed_shares",
    "column_words",
    "count_wins",
    "holm",
    "p_words",
    "paired_comparisons",
    "paired_interval",
    "rank_biserial",
    "share_sentences",
    "verdicts",
    "win_sentences",
]
