"""Calibration of the structure: a seeded search that looks at the Original row alone.

``python -m fibgap.experiment.calibration config/calibration.yaml --out FOLDER``
"""
