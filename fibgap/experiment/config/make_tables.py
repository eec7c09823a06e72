"""The section `make_tables`."""

from fibgap.experiment.config.fields import Section, key


class MakeTables(Section):
    """Tables and their statistics (rule make_tables)."""

    confidence: float = key("Confidence of the bootstrap intervals.", 0.95, gt=0.5, lt=1)
    resamples: int = key("Number of bootstrap resamples.", 5000, ge=100)
