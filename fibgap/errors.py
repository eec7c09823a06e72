"""The one exception that tells a user what is wrong with what they gave."""


class InputError(ValueError):
    """Bad input, told in one sentence that names the thing and the offending value.

    Everything else that is raised in this library is a defect of the library.
    """
