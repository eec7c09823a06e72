"""Generality: every filler on many materials whose truth is known.

``python -m fibgap.experiment.generality rows.csv --page docs/generality.md``
"""
