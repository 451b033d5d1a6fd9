"""How deep a check looks."""

from typing import Literal, TypeAlias

# structure: names and documents; content: what each file is, too; deep: with every chunk of the arrays decoded.
Depth: TypeAlias = Literal["structure", "content", "deep"]
