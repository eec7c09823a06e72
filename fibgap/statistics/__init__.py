"""How sure the numbers are: intervals, paired comparisons of arms, closed shares, equivalence."""

from fibgap.statistics.comparisons import (
    holm,
    outcome,
    paired_comparisons,
    rank_biserial,
    untestable,
)
from fibgap.statistics.equivalence import equivalence
from fibgap.statistics.intervals import (
    Bootstrap,
    Interval,
    bootstrap_interval,
    describe,
    paired_interval,
)
from fibgap.statistics.metrics import (
    TARGET,
    Column,
    anisotropy_columns,
    by_dataset,
    column,
    depth_columns,
    measured,
    truth_columns,
)
from fibgap.statistics.shares import ClosedShare, closed_share, closed_shares, nearest_baseline
from fibgap.statistics.wins import count_wins

__all__ = [
    "TARGET",
    "Bootstrap",
    "ClosedShare",
    "Column",
    "Interval",
    "anisotropy_columns",
    "bootstrap_interval",
    "by_dataset",
    "closed_share",
    "closed_shares",
    "column",
    "count_wins",
    "depth_columns",
    "describe",
    "equivalence",
    "holm",
    "measured",
    "nearest_baseline",
    "outcome",
    "paired_comparisons",
    "paired_interval",
    "rank_biserial",
    "truth_columns",
    "untestable",
]
