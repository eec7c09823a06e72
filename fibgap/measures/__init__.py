"""Measures of a volume along z, y and x, by name.

A measure is a documented function that is registered under a name; see
`fibgap.measures.registry.Measure` for what it takes and returns.
"""

# Importing a module registers its measures; their order is that of the tables.
from fibgap.measures.correlation import lineal_path, two_point_correlation
from fibgap.measures.diffusivity import effective_diffusivity, solid_conductivity
from fibgap.measures.interfaces import pore_chord, solid_chord, specific_surface
from fibgap.measures.registry import (
    measure,
    measure_names,
    measure_symbol,
    measure_unit,
    measures_with,
    register,
    require_measures,
)
from fibgap.measures.topology import (
    euler_characteristic,
    pore_clusters,
    pore_percolation,
    solid_clusters,
    solid_percolation,
)

__all__ = [
    "effective_diffusivity",
    "euler_characteristic",
    "lineal_path",
    "measure",
    "measure_names",
    "measure_symbol",
    "measure_unit",
    "measures_with",
    "pore_chord",
    "pore_clusters",
    "pore_percolation",
    "register",
    "require_measures",
    "solid_chord",
    "solid_clusters",
    "solid_conductivity",
    "solid_percolation",
    "specific_surface",
    "two_point_correlation",
]
