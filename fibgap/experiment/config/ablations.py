"""The section `ablations`."""

from fibgap.experiment.config.fields import Section, key


class Ablation(Section):
    """An arm that differs from another one in one thing."""

    arm: str = key("Name of the arm.")
    base: str = key("Name of the arm that it is compared with.")
    change: str = key("What differs, in a few words for the table.", min_length=1)
