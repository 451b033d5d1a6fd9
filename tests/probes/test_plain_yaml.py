"""The reader of plain YAML agrees with libyaml wherever it speaks, and speaks of what the writer writes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runcheck.probes.document import FaultError
from runcheck.probes.plain_yaml import read_plain_yaml
from runcheck.probes.yaml_events import YamlReader
from runcheck.writer.yaml import format_yaml
from tests.drawing import examples

SUMMARY = {
    "schema_version": "1.0",
    "rows": 32,
    "metrics": {
        "train": {"loss": {"direction": "min", "best": 0.25, "best_step": 4}, "top/5@k": {"best": None}},
        "test": {"accuracy": {"direction": "max", "best": -1.5e-7, "exact": True}},
    },
    "duration_seconds": 0.389,
}
TEXT = format_yaml(SUMMARY)

KEYS = st.sampled_from(["a", "b", "loss", "y", "No", "null", "TRUE", "t", "a.b", "_", "a-", "<<", "1", "-", "", '"a"'])
NUMBERS = [
    " 1",
    " -0",
    " 01",
    " 1.5",
    " 1.",
    " .5",
    " 1e5",
    " 1.0e5",
    " 1.0e+5",
    " 1.0e+999",
    " 1_0",
    " 12:30",
    " 0x1f",
    " 2026-05-27",
    "1",
    "  1",
    "\t1",
]
OTHERS = (
    """ ""| "a"| "#: -"| "\\n"| "\\x"| "a| "ä"| "a" | "a" #| null| Null| ~| no| true| True| a| {}| []| [1]| &a 1| *a"""
)
VALUES = st.sampled_from(["", " ", *NUMBERS, *OTHERS.split("|"), " |", " !!str 1", " =", ' "a" "b"'])
LINES = st.builds(lambda depth, key, value: f"{' ' * depth}{key}:{value}", st.integers(0, 6), KEYS, VALUES)
FITTING = st.builds(
    lambda depth, key, value: f"{'  ' * depth}{key}:{value}",
    st.integers(0, 3),
    st.sampled_from("abc"),
    st.sampled_from(["", "", " 1", ' "x"', " null", " 1.5e-07"]),
)
OTHER = st.sampled_from(["", "---", "...", "# a", "%YAML 1.1", "- a", "a: 1\r", "\ufeffa: 1", "? a", " "])


def by_libyaml(text: str) -> tuple[str, object]:
    """Return what libyaml's reader makes of a text, told apart to the type of each number, and what is ambiguous."""
    try:
        content = YamlReader(text).content()
    except FaultError as fault:
        return "no document", str(fault)
    return repr(content.value), content.ambiguous


@settings(max_examples=examples(500), deadline=None)
@given(st.lists(FITTING | LINES | OTHER, max_size=6), st.booleans())
@example(["a:"], True)
@example(["a:", "b: 1"], True)
@example(["a:", "  b:", "c: 1"], True)
@example(["a: 1", "  b: 1"], True)
@example(["a:", "    b: 1"], True)
@example(["a: 1", "a: 2"], True)
def test_what_it_reads_is_what_libyaml_reads(lines: list[str], ended: bool) -> None:
    text = "\n".join(lines) + "\n" * ended
    value = read_plain_yaml(text)
    assert value is None or by_libyaml(text) == (repr(value), ())


@settings(max_examples=examples(500), deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 3), st.text(alphabet=' \t\r\n"\\#:-.{}0ae~&é', max_size=3))
def test_so_it_is_where_a_summary_is_damaged(at: int, without: int, put: str) -> None:
    text = TEXT[:at] + put + TEXT[at + without :]
    value = read_plain_yaml(text)
    assert value is None or by_libyaml(text) == (repr(value), ())


def test_a_summary_is_read() -> None:
    assert repr(read_plain_yaml(TEXT)) == repr(SUMMARY)


@pytest.mark.parametrize(
    "text",
    ["no: 1\n", "Null: 1\n", "a: 01\n", "a: yes\n", "a: 1000000000000000000\n", "a:\n", "a: {}\n", 'a: "\\n"\n', ""],
)
def test_what_readers_differ_on_and_what_is_rare_is_left_to_libyaml(text: str) -> None:
    assert read_plain_yaml(text) is None
