"""What a pickle would look up and call, against the real unpickler and against what hides from scanners."""

import collections
import contextlib
import datetime
import decimal
import io
import os
import pickle
import pickletools
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runcheck.convention.pickles import is_needed
from runcheck.probes import format_of
from runcheck.probes.packed.forward import Budget, Window
from runcheck.probes.packed.pickle_machine import STEPS, Walk
from runcheck.probes.packed.pickle_opcodes import walk
from runcheck.probes.packed.pickle_values import Mapped
from tests.drawing import examples
from tests.probes.packed import CALL, EVIL, look, messages, proto, text

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=9)
    | st.complex_numbers()
    | st.dates()
    | st.decimals(allow_nan=False)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.frozensets(st.integers(), max_size=3)
        | st.sets(st.text(max_size=3), max_size=3)
        | st.binary(max_size=4).map(bytearray)
    ),
    max_leaves=12,
)


def walked(content: bytes) -> Walk:
    """Walk the pickle at the beginning of these bytes."""
    return walk(Window(io.BytesIO(content), 0, len(content)).forward(), Budget(deep=False))


def test_every_opcode_of_the_standard_library_is_known() -> None:
    assert {ord(each.code) for each in pickletools.opcodes} - set(STEPS) == {ord(".")}


@settings(max_examples=examples(150), deadline=None)
@given(VALUES, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_data_of_any_protocol_is_followed_to_its_end_and_needs_nothing_else(value: object, version: int) -> None:
    content = pickle.dumps(value, version)
    found = walked(content)
    assert (found.ending, found.bound, found.hidden) == (None, None, ())
    assert [name for name in found.imports if not is_needed("pickle", name)] == []
    assert messages(look(content)) == []


@pytest.mark.parametrize("version", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.array([None, "a"], object),
        np.array(["a", "bc"]),
        np.float32(1),
        np.datetime64("2020-01-01"),
        np.random.default_rng(1),
        np.random.RandomState(1),
        np.ma.array([1, 2], mask=[True, False]),
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.Counter("aab"),
        collections.deque([1], 3),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        datetime.timedelta(1),
        decimal.Decimal("0.1"),
        range(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrays_and_containers_of_data_need_nothing_else(value: object, version: int) -> None:
    assert messages(look(pickle.dumps(value, version))) == []


@pytest.mark.parametrize("version", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_object_of_a_class_of_its_own_is_named(version: int) -> None:
    assert "imports fractions.Fraction" not in messages(look(pickle.dumps(decimal.Decimal(1), version)))
    content = pickle.dumps(warnings.WarningMessage("m", UserWarning, "f", 1), version)
    assert ["warnings.WarningMessage" in message for message in messages(look(content))] == [True]


# --- what hides from scanners -----------------------------------------------------------------------------------------

BY_MEMO = (
    text("posix") + b"\x94" + text("system") + b"\x940" + text("pad") + b"00h\x00h\x01\x93" + text("true") + b"\x85R"
)
ATTACKS = {
    "global": EVIL,
    "no header": CALL + b".",
    "the oldest protocol": b"cos\nsystem\n(S'true'\ntR.",
    "stack_global": proto(text("posix") + text("system") + b"\x93" + text("true") + b"\x85R"),
    "names in the memo": proto(BY_MEMO),
    "names doubled": proto(text("posix") + b"2\x93)R"),
    "names put under large numbers": proto(
        text("os")
        + b"r\xff\xff\x00\x000"
        + text("system")
        + b"r\xff\xff\x00\x010j\xff\xff\x00\x00j\xff\xff\x00\x01\x93)R"
    ),
    "names in text of Python 2": proto(b"U\x05posixU\x06system\x93)R"),
    "names in escapes": b"(S'\\x70osix'\nS'sys\\164em'\n\x93" + text("true") + b"\x85R.",
    "names in unicode escapes": b"(V\\u0070osix\nVsystem\n\x93)R.",
    "inst": b"(S'true'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'true'\no.",
    "newobj": proto(b"csubprocess\nPopen\n" + text("true") + b"\x85\x81"),
    "newobj_ex": proto(b"csubprocess\nPopen\n" + text("true") + b"\x85}\x92"),
    "extension registry": proto(b"\x82\x01)R"),
    "large extension registry": proto(b"\x84\x01\x00\x00\x01)R"),
    "an import alone": proto(b"cantigravity\nx\n"),
    "broken after the call": b"\x80\x04" + CALL + b"\xff\xff garbage",
    "cut after the call": b"\x80\x04" + CALL,
    "an underflow after the call": b"\x80\x04" + CALL + b"000000.",
    "the second of two": pickle.dumps(1) + EVIL,
    "the third, without header": pickle.dumps(1) + pickle.dumps({}) + CALL + b".",
    "behind a long argument": proto(b"B\x00\x00\x02\x00" + b"x" * 0x20000 + b"0" + CALL),
    "behind a frame that lies": b"\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00" + CALL + b".",
    "behind a second header": proto(b"\x80\x02" + CALL),
    "in a list": proto(b"](" + CALL + b"e"),
    "as a key": proto(b"}" + CALL + b"Ns"),
    "dropped": proto(CALL + b"0N"),
    "a pickle in a pickle": proto(b"c_pickle\nloads\n" + b"C" + bytes([len(EVIL)]) + EVIL + b"\x85R"),
    "an alias": proto(b"c__builtin__\neval\n" + text("1") + b"\x85R"),
    "the opener beneath": proto(b"c_io\nFileIO\n" + text("x") + b"\x85R"),
    "numpy's own exec": proto(b"cnumpy.testing._private.utils\nrunstring\n" + text("1") + b"}\x86R"),
    "torch's own load": proto(b"ctorch\nload\n" + text("x") + b"\x85R"),
    "torch's load of bytes": proto(b"ctorch.storage\n_load_from_bytes\nC\x01x\x85R"),
    "pip": proto(b"cpip\nmain\n](" + text("install") + b"e\x85R"),
    "partial": proto(b"cfunctools\npartial\ncos\nsystem\n\x85R"),
    "method": proto(b"coperator\nmethodcaller\n" + text("x") + b"\x85R"),
    "an attribute of what is allowed": proto(text("numpy") + text("__builtins__") + b"\x93)R"),
    "a deeper attribute": proto(text("collections") + text("OrderedDict.__init__.__globals__") + b"\x93)R"),
    "resolving a name": proto(b"cpkgutil\nresolve_name\n" + text("os:system") + b"\x85R"),
    "loading more": proto(b"cnumpy\nload\n" + text("x.npy") + b"\x85R"),
    "a name in pieces": proto(
        b"c_codecs\nencode\n"
        + text("flfgrz")
        + text("rot13")
        + b"\x86R"
        + text("x")
        + b"\x86\x94"
        + text("posix")
        + b"h\x00\x93)R"
    ).replace(b"\x86\x94", b"0\x94"),
    "a name that was called for": proto(
        text("posix") + b"c_codecs\nencode\n" + text("a") + text("u8") + b"\x86R\x93)R"
    ),
    "calling what was returned": proto(b"c_codecs\nencode\n" + text("a") + b"\x85R)R"),
    "changing what is allowed": proto(b"ccollections\nOrderedDict\n}" + text("x") + b"Nsb"),
    "changing it by its slots": proto(b"cnumpy\ndtype\nN}" + text("x") + b"Ns\x86b"),
    "a persistent function": proto(text("x") + b"Q)R"),
    "a name of 2,000 characters": proto(text("posix") + text("s" * 2_000) + b"\x93)R"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", ["a.pkl", "model.pt", "weights.bin", "a.joblib"])
def test_an_attack_is_found(attack: str, name: str) -> None:
    assert messages(look(ATTACKS[attack], name)) != []


@pytest.mark.parametrize("attack", [each for each in ATTACKS if ATTACKS[each][:1] == b"\x80"])
def test_an_attack_with_a_header_is_found_under_any_name(attack: str) -> None:
    assert messages(look(ATTACKS[attack], "notes.txt")) != []


# --- what is no pickle ------------------------------------------------------------------------------------------------

NO_PICKLES = {
    "empty": b"",
    "text": b"class names\nof things\n.and more",
    "a list of words": b"cat\ndog\nhorse\nI\n",
    "numbers": b"1,2,3\n4,5,6\n",
    "a Python path": b"/usr/lib/python\nimport os; os.system('x')\n",
    "zeros": bytes(1000),
    "floats": struct.pack("<100f", *range(100)),
    "msgpack of flax": b"\x81\xa6params\x82\xa4bias\xc7\x0a\x01\x93\x91\x0a\xa7float32\xc4\x04\0\0\0\0\xa6kernel\x01",
    "msgpack of a long map": b"\xde\x00\x10\xa6params\x01",
    "protobuf": b"\x0a\x10google/protobuf.\x12\x04c.d\n",
    "begins like a pickle": b"\x80\x04" + bytes(range(256)) * 4,
    "begins like one, with a frame": b"\x80\x04\x95" + b"\xfe" * 100,
    "a name before the stack is filled": b"\x80\x04\x93\x93",
    "a name of numbers": b"\x80\x04K\x01K\x02\x93.",
    "calling a number": b"\x80\x04K\x01)R.",
    "a global that is no text": b"\x80\x04c\xff\xfe\n\xff\n.",
    "later protocol": b"\x80\x06cos\nsystem\n)R.",
}


@pytest.mark.parametrize("name", ["a.pkl", "a.bin", "a"])
@pytest.mark.parametrize("content", NO_PICKLES)
def test_what_is_no_pickle_is_no_finding(content: str, name: str) -> None:
    assert messages(look(NO_PICKLES[content], name)) == []


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05"]))
def test_random_bytes_are_no_finding_but_where_a_real_unpickler_looks_up_a_name(content: bytes, start: bytes) -> None:
    assume(format_of("a.bin", start + content) in ("packed", "pickle"))  # hypothesis tries the magics that it meets
    if messages(look(start + content, "a.bin")):
        assert looked_up(InPython(start + content))


# --- against the real unpickler ---------------------------------------------------------------------------------------


class Stub:
    """What every name stands for here."""

    def __init__(self, *args: object, **keywords: object) -> None:
        pass

    def __call__(self, *args: object) -> object:
        return Stub()

    def append(self, item: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass


class Records:
    """Looks names up as an unpickler does, and keeps them."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), buffers=[])  # type: ignore[call-arg]
        self.names: set[str] = set()

    def find_class(self, module: str, name: str) -> object:
        self.names.add(f"{module}.{name}")
        return Stub

    def persistent_load(self, identifier: object) -> object:
        return Stub()

    def get_extension(self, code: int) -> None:
        raise pickle.UnpicklingError


class InPython(Records, pickle._Unpickler):
    """The machine in Python."""


class InC(Records, pickle.Unpickler):
    """The machine in C."""


def looked_up(unpickler: InPython | InC) -> set[str]:
    """Return the names that a real unpickler looks up, which are all stubs."""
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # garbage raises anything
        warnings.simplefilter("ignore")
        unpickler.load()
    return unpickler.names - {"."}  # at the end of the file Python asks for nothing, in no module


OPCODES = (
    st.sampled_from(
        [
            text("posix"),
            text("system"),
            b"U\x01a",
            b"S'b'\n",
            b"S'\\x6fs'\n",
            b"Vc\\u0064\n",
            b"Nn",
            b"K\x01",
            b"I1\n",
            b"L2L\n",
            b"F1\n",
        ]
    )
    | st.sampled_from(
        [
            b"cos\nsystem\n",
            b"\x93",
            b"\x93",
            b"R",
            b"\x81",
            b"\x92",
            b"b",
            b"o",
            b"ios\nsystem\n",
            b"Q",
            b"Px\n",
            b"\x82\x01",
        ]
    )
    | st.sampled_from(
        [
            b"(",
            b")",
            b"\x85",
            b"\x86",
            b"\x87",
            b"t",
            b"]",
            b"l",
            b"a",
            b"e",
            b"}",
            b"d",
            b"s",
            b"u",
            b"\x8f",
            b"\x90",
            b"\x91",
        ]
    )
    | st.sampled_from(
        [
            b"0",
            b"1",
            b"2",
            b"\x94",
            b"q\x00",
            b"q\x01",
            b"p1\n",
            b"r\x02\x00\x00\x00",
            b"h\x00",
            b"h\x01",
            b"g1\n",
            b"j\x02\x00\x00\x00",
        ]
    )
    | st.sampled_from(
        [
            b"N",
            b"\x88",
            b"C\x01x",
            b"B\x01\x00\x00\x00x",
            b"\x8a\x01\x01",
            b"\x95" + bytes(8),
            b"\x80\x02",
            b"\x80\x04",
            b"M\x01\x00",
        ]
    )
)


@settings(max_examples=examples(800), deadline=None)
@given(st.lists(OPCODES, max_size=30))
def test_every_name_that_a_real_unpickler_looks_up_is_found(opcodes: list[bytes]) -> None:
    content = b"".join(opcodes) + b"."
    found = walked(content)
    for unpickler in (InPython(content), InC(content)):
        assert looked_up(unpickler) <= set(found.imports) or found.hidden


@pytest.mark.parametrize("content", [b"cos", b"cos\n", b"cos\nsystemX", b"(S'id'\nios\nsystemX", b"c\nx", b"c", b"c\n"])
def test_a_name_that_the_end_of_the_file_cuts_off_is_found_as_an_unpickler_takes_it(content: bytes) -> None:
    found = walked(content)
    assert found.ending == "is cut short"
    for unpickler in (InPython(content), InC(content)):
        assert looked_up(unpickler) <= set(found.imports)


@pytest.mark.parametrize(
    "number",
    [
        *(b"I02\n", b"I-017\n", b"I +07\n", b"I5\0x\n", b"I\0\n", b"I00\n", b"I1_0\n", b"I0x1f\n", b"I 5 \n"),
        *(b"F1.5\0x\n", b"L5\0x\n", b"L5L\n", b"I1\np5\0x\n", b"I1\np5\n0g5\0x\n", b"I1\np" + b"0" * 70 + b"\n"),
    ],
)
def test_a_number_as_either_machine_reads_it_does_not_end_the_walk(number: bytes) -> None:
    content = number + b"0cos\nsystem\n."
    assert "os.system" in looked_up(InC(content)) | looked_up(InPython(content))
    assert walked(content).imports == ("os.system",)


def test_a_number_too_long_to_be_read_is_a_bound_and_no_end() -> None:
    content = b"I1\np" + b" " * 5000 + b"5\n0cos\nsystem\n."
    assert "os.system" in looked_up(InPython(content))
    assert walked(content).bound == "holds a pickle with a number longer than one look reads"


@settings(max_examples=examples(300), deadline=None)
@given(VALUES, st.integers(0, pickle.HIGHEST_PROTOCOL), st.data())
def test_a_changed_pickle_hides_no_name_from_us_that_a_real_unpickler_sees(
    value: object, version: int, data: st.DataObject
) -> None:
    content = bytearray(pickle.dumps({"value": value, "when": datetime.date(2020, 1, 1)}, version))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    found = walked(bytes(content))
    for unpickler in (InPython(bytes(content)), InC(bytes(content))):
        assert looked_up(unpickler) <= set(found.imports) or found.hidden


# --- bounds -----------------------------------------------------------------------------------------------------------

HOSTILE = {
    "bytes of 2^60": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60),
    "text of 2^60": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"x" * 100,
    "byte array of 2^63": b"\x80\x05\x96" + struct.pack("<Q", 1 << 63),
    "integer of 2^31": b"\x80\x04\x8b" + struct.pack("<i", (1 << 31) - 1),
    "negative length": b"\x80\x04\x8b" + struct.pack("<i", -5) + b"T" + struct.pack("<i", -5),
    "marks": b"\x80\x04" + b"(" * 1_100_000,
    "values": b"\x80\x04" + b"N" * 1_100_000,
    "doubled tuples": b"\x80\x04)" + b"2\x86" * 300_000 + b".",
    "memo": b"\x80\x04N" + b"\x94" * 600_000 + b".",
    "names": b"\x80\x04" + b"".join(b"cm%d\nx\n0" % each for each in range(50_000)) + b"N.",
    "long names": b"\x80\x04" + b"".join(b"c%07d%s\nx\n" % (each, b"m" * 900) for each in range(5_000)) + b".",
    "lines without end": b"\x80\x02c" + b"x" * 1_100_000,
    "digits": b"I" + b"9" * 1_100_000 + b"\n.",
    "strings": b"\x80\x04](" + (text("x" * 250) + b"\x94") * 100_000 + b"e.",
    "deep lists": b"\x80\x04" + b"](" * 130_000 + b"e" * 130_000 + b".",
    "arrays in no bytes": b"\x80\x04" + b"]2a" * 300_000 + b".",
}


@pytest.mark.parametrize("content", [b"\x82K.[\x82Z", b"\x83$q\x88.\x13c", b"\x84m\x84\xff\x10K:\x81\x06\x92"])
def test_random_bytes_that_begin_with_an_extension_code_are_no_pickle(content: bytes) -> None:
    assert walked(content).hidden == ()


def test_an_extension_that_is_called_without_a_header_is_seen() -> None:
    assert walked(b"\x82\x01)R.").hidden == ("looks up the extension code 1",)


def test_hostile_lengths_and_counts_cost_little_memory() -> None:
    script = (
        "import resource\n"
        "from tests.probes.test_pickle_opcodes import HOSTILE, look\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for content in HOSTILE.values(): look(content); look(content[2:], 'a.bin')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert int(ran.stdout) < 150_000  # kB


def test_what_is_beyond_a_bound_is_not_verified_rather_than_passed() -> None:
    too_many = b"\x80\x04](" + b"N" * 2_000_000 + b"e" + b"cposix\nsystem\n)R."
    assert look(too_many).unverified is not None
    forgotten = (
        b"\x80\x04"
        + b"N\x940" * 500_001
        + text("posix")
        + b"\x940"
        + text("system")
        + b"\x940j\x21\xa1\x07\x00j\x22\xa1\x07\x00\x93)R."
    )
    assert look(forgotten).unverified is not None


def test_a_value_is_described_as_far_as_it_is_known() -> None:
    value = walked(pickle.dumps({"a": [1, "x", (2,)], "b": {}})).value
    assert isinstance(value, Mapped)
    assert [key for key, _ in value.items] == ["a", "b"]
