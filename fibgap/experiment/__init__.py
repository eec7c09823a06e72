"""Experiments on synthetic data: their configuration, what is measured, what is varied."""
