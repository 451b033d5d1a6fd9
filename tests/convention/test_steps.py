"""The bound of steps."""

import json

from runcheck.convention.files import convention_text
from runcheck.convention.steps import MAX_STEP


def test_the_bound_of_steps_is_that_of_the_schema() -> None:
    schema = json.loads(convention_text("schemas", "metrics-row.schema.json"))
    assert schema["properties"]["step"]["maximum"] == MAX_STEP
