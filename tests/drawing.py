"""How many examples a test draws."""

from hypothesis import settings

_LEAST = 20


def examples(most: int) -> int:
    """Return a quarter of ``most`` where each run of the tests draws the same ones, and ``most`` in ``./dev search``.

    What the same examples showed once they show again; those that are new are worth the time.
    """
    return most if settings.get_current_profile_name() == "random" else max(_LEAST, most // 4)
