"""What a diff shows moves no cursor, whatever the folders of the tree are called."""

import pytest

from runcheck.fixes.diff import diff_of
from runcheck.fixes.edits import Act, Edit
from runcheck.fixes.plan import Plan


@pytest.mark.parametrize(
    ("act", "content"),
    [("end", b""), ("write", b"\xff"), ("write", b"\n" * 30_000), ("write", b"x\n"), ("remove", b""), ("link", b"v1")],
)
def test_a_name_with_control_characters_is_escaped(act: Act, content: bytes) -> None:
    edit = Edit("model/\x1b[31m\rs/v1/metrics.jsonl", act, "absent", content)
    shown = diff_of(Plan(((edit,),), needs_registry=False, mended=(), refused=()))
    assert "model/" in shown
    assert not {"\x1b", "\r"} & set(shown)
