"""Names of arms that mean something to the code."""

#: The pseudo-arm of the true volume: the row of the target values.
ORIGINAL = "Original"
#: The arm that the others are compared with: the better of the paper's classical ones.
BASELINE = "RCS-s"
#: Classical arms: closed shares are counted from the first, and from the best of those in a run.
CLASSICAL = (BASELINE, "RSD-s")
