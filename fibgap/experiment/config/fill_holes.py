"""The section `fill_holes`."""

from fibgap.experiment.config.fields import Section, key


class FillHoles(Section):
    """Hole filling (rule fill_holes)."""

    max_pixels: int = key("Area of the largest hole that is filled.", 19, unit="pixels", ge=0)
