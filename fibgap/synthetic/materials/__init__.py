"""Materials to learn from: random structures of many kinds, registered by name."""

from fibgap.synthetic.materials import bodies, flat, waves
from fibgap.synthetic.materials.fields import direction, power_law_field, with_segmentation_noise
from fibgap.synthetic.materials.registry import draw_material, material_names, register

__all__ = [
    "bodies",
    "direction",
    "draw_material",
    "flat",
    "material_names",
    "power_law_field",
    "register",
    "waves",
    "with_segmentation_noise",
]
