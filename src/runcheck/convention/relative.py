"""Paths that one file of a unit writes to mean another."""


def resolve(path: str, location: str) -> str | None:
    """Return the path in the unit that ``location`` means to the file ``path``, or None where it leads out of it."""
    portable = location.replace("\\", "/")  # a reader on another system takes it for one
    if portable.startswith("/") or portable[1:2] == ":":
        return None
    steps = path.split("/")[:-1]
    for step in portable.split("/"):
        if step == ".." and not steps:
            return None
        if step == "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)
