"""The section `datasets`."""

from fibgap.experiment.config.fields import Section, key


class Datasets(Section):
    """The evaluation datasets."""

    count: int = key("Number of datasets.", ge=1)
    shard_size: int = key("Datasets that one job works on; changes no result.", 5, ge=1)
    showcase: int = key(
        "Index of the dataset that is drawn in the report, and kept when volumes are temporary.",
        0,
        ge=0,
    )
    keep_volumes: bool = key(
        "Keep the bulky volumes of all stages, or only the showcase and what the measures gave.",
        True,
    )
