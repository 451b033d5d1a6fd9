"""What the commands that ask about units have in common."""

ROOT_HELP = "the tree that is looked in (default: artefacts)"
_WORDS = "latest (the newest completed run), a slug (its newest version), a version, the name of a unit or its label"
UNIT_HELP = f"A UNIT is a path, {_WORDS}."
RUN_HELP = f"the folder of a run, or below artefacts: {_WORDS}"
RUN_OR_DATASET_HELP = f"the folder of a run or of a dataset version, or below artefacts: {_WORDS}"
