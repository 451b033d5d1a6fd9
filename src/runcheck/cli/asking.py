"""What the commands that ask about units have in common."""

ROOT_HELP = "the tree that is looked in (default: artefacts)"
UNIT_HELP = (
    "A UNIT is a path, 'latest' (the newest completed run), a slug (its newest version), a version, the name of a unit "
    "or its label."
)
