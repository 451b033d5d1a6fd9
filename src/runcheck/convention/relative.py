"""Paths that one file of a unit writes to mean another."""


def resolve(path: str, location: str) -> str | None:
    """Return the path in the unit that ``location`` means to the file ``path``, or None where it leads out of it."""
    if location.startswith("/"):
        return None
    steps = path.split("/")[:-1]
    for step in location.split("/"):
        if step == ".." and not steps:
            return None
        if step == "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)
