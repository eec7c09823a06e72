"""Measures of a volume along z, y and x, by name.

A measure is a documented function that is registered under a name; see
`fibgap.measures.registry.Measure` for what it takes and returns.
"""

# Importing a module registers its measures; their order is that of the tables.
from fibgap.measures.correlation import lineal_path, two_point_correlation
from fibgap.measures.diffusivity import effective_diffusivity
from fibgap.measures.registry import measure, measure_names, measure_symbol, register

__all__ = [
    "effective_diffusivity",
    "lineal_path",
    "measure",
    "measure_names",
    "measure_symbol",
    "register",
    "two_point_correlation",
]
