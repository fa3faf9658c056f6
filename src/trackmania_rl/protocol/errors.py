"""The one error that people are meant to read."""


class InputError(ValueError):
    """Something given to us is wrong: the message names the value, what was expected and the cure.

    Commands print it as one line and exit with 2; services answer it as 400 (or the given status).

    Attributes:
        status: HTTP status of the answer.
        field: Name of the field, parameter or option at fault, or None.
    """

    def __init__(self, detail: str, *, status: int = 400, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.field = field
