"""The exception that tells a user what is wrong with what they gave, and the warning beside it."""


class InputError(ValueError):
    """Bad input, told in one sentence that names the thing and the offending value.

    Everything else that is raised in this library is a defect of the library.
    """


class FibgapWarning(UserWarning):
    """Something about the input or the result that a user should look at."""
