"""Regular expressions mean the same with each Python."""

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/runcheck"


def test_no_group_is_repeated_possessively_which_python_3_11_2_gets_wrong() -> None:
    possessive = re.compile(r"(?<!\()\)(?:[?*+]|\{[0-9,]+\})\+(?!\d)")
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in SOURCE.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if possessive.search(line) and re.search(r"r[bf]?[\"']", line)
    ]
    assert not found
