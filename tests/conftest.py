"""What all tests share."""

from hypothesis import settings

# The same examples on every machine, and no time limits: a test fails for what it says.
settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")
