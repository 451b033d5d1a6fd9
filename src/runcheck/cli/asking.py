"""What the commands that ask about units have in common."""

ROOT_HELP = "the tree that is looked in (default: artefacts)"
UNIT_HELP = (
    "A UNIT is a path, 'latest' (the newest completed run), a slug (its newest version), a version, the name of a unit "
    "or its label."
)
_WORDS = "or below artefacts: latest (the newest completed run), a slug, a version, a name or a label"
RUN_HELP = f"the folder of a run, {_WORDS}"
RUN_OR_DATASET_HELP = f"the folder of a run or of a dataset version, {_WORDS}"
