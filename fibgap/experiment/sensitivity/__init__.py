"""Sensitivity: how errors change with slice thickness, its spread, and how well it is known."""
