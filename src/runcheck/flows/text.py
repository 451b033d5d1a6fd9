"""What came of a flow, in words."""

import os

from runcheck.flows.flow import Outcome
from runcheck.report.escape import printable


def render_outcome(outcome: Outcome) -> str:
    """Return what a terminal shows at the end of a flow."""
    place = printable(os.path.relpath(outcome.record))
    if outcome.failure is not None:
        return (
            f"runcheck: {outcome.failure}\n"
            f"The record is {place}, its log extra/flow.log. Mend the cause and give the same command: "
            "what is done is not done again.\n"
        )
    ran = [done.step for done in outcome.done if not done.is_cached]
    if not ran:
        return f"Nothing changed: no step was run. The record is {place}.\n"
    passed = [done.step for done in outcome.done if done.is_cached]
    rest = f"; nothing changed for {', '.join(passed)}" if passed else ""
    return f"Ran {', '.join(ran)}{rest}. The record is {place}.\n"
