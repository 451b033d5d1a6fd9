"""What is in a small file that a person named, such as a key or a search space."""

from runcheck.errors import RuncheckError


def content_of_named(path: str, most: int, what: str, refusal: type[RuncheckError]) -> bytes:
    """Return the bytes of the file at ``path``, which is ``what`` to the person who named it.

    Raises:
        RuncheckError: as ``refusal``: it cannot be read, or has more than ``most`` bytes.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise refusal(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > most:
        raise refusal(f"{path}: is larger than {most:,} bytes, as no {what} is")
    return content
