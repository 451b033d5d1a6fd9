"""Archives: what is in them, what leads out of them, and what they may cost."""

import bz2
import gzip
import io
import lzma
import os
import pickletools
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes.contents import ArchiveContent, NumpyContent, PackedContent, PickleContent, TorchContent
from runcheck.probes.packed.archive import _look
from runcheck.probes.packed.forward import BrokenError, Budget, Window
from runcheck.probes.packed.named import OPCODES, look_into_pickle
from runcheck.probes.packed.pickle_machine import STEPS
from runcheck.probes.packed.tar_members import _BEGIN_NUMBER, _number, tar_members
from tests.drawing import examples
from tests.probes.packed import CALL, EVIL, look, look_into, messages, tarred, zipped

OLD_EVIL = CALL + b"."
DATA = Path(__file__).parents[2] / "fixtures/data"
NAMES = ["../a", "/etc/cron.d/a", "a/../../b", "..\\a", "C:\\a", "\\\\host\\a"]


# --- pickles in archives ----------------------------------------------------------------------------------------------

WRAPPED = {
    "zip": zipped({"a/data.pkl": EVIL}),
    "zip, deflated": zipped({"x.pkl": EVIL}, zipfile.ZIP_DEFLATED),
    "zip, bzip2": zipped({"x.pkl": EVIL}, zipfile.ZIP_BZIP2),
    "zip, another name": zipped({"README.txt": EVIL}),
    "zip, the oldest protocol": zipped({"a/data.pkl": OLD_EVIL}),
    "zip, name in capitals": zipped({"a/DATA.PKL": OLD_EVIL}),
    "zip in zip": zipped({"a.zip": zipped({"b.pkl": EVIL})}),
    "deflated zip in zip": zipped({"a.zip": zipped({"b.pkl": EVIL})}, zipfile.ZIP_DEFLATED),
    "tar": tarred({"a.pkl": OLD_EVIL}),
    "tar of the first PyTorch": tarred({"sys_info": b"", "pickle": OLD_EVIL}),
    "tar.gz": tarred({"x/y": EVIL}, "w:gz"),
    "tar.bz2": tarred({"x/y": EVIL}, "w:bz2"),
    "tar.xz": tarred({"x/y": EVIL}, "w:xz"),
    "zip in tar.gz": tarred({"a.pt": zipped({"a/data.pkl": EVIL})}, "w:gz"),
    "gzip": gzip.compress(EVIL),
    "two gzip streams": gzip.compress(b"") + gzip.compress(EVIL),
    "bzip2": bz2.compress(EVIL),
    "xz": lzma.compress(EVIL),
    "zip behind something": b"#!/bin/sh\n" + zipped({"x.pkl": EVIL}),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_pickle_in_an_archive_is_found(case: str) -> None:
    name = "a.zip" if case == "zip behind something" else "a.dat"
    assert len(messages(look(WRAPPED[case], name))) == 1


@pytest.mark.parametrize("name", ["a.joblib", "a.pkl"])
@pytest.mark.parametrize("packed", [zlib.compress(EVIL), lzma.compress(EVIL, lzma.FORMAT_ALONE)])
def test_a_compressed_file_of_joblib_is_looked_into(packed: bytes, name: str) -> None:
    assert len(messages(look(packed, name))) == 1


def changed(content: bytes, place: int, value: bytes) -> bytes:
    return content[:place] + value + content[place + len(value) :]


def tricks() -> dict[str, bytes]:
    """Return archives that other scanners do not open and PyTorch does."""
    plain = zipped({"a/data.pkl": EVIL, "a/version": b"3"})
    directory = plain.index(b"PK\x01\x02")
    fake_end = b"PK\x05\x06" + bytes(18)
    return {
        "encryption flag in the member": changed(plain, 6, b"\x01\x00"),
        "encryption flag in the directory": changed(plain, directory + 8, b"\x01\x00"),
        "all flags": changed(changed(plain, 6, b"\xff\xff"), directory + 8, b"\xff\xff"),
        "wrong checksum": changed(plain, directory + 16, b"\0\0\0\0"),
        "wrong checksum in the member": changed(plain, 14, b"\1\2\3\4"),
        "another name in front of the member": changed(plain, 30, b"a/text.txt"),
        "wrong size in the member": changed(plain, 18, struct.pack("<II", 1, 1)),
        "wrong number of entries": changed(plain, len(plain) - 14, b"\x09\x00\x09\x00"),
        "version needed": changed(plain, directory + 6, b"\xff\xff"),
        "a comment that looks like an end": plain[:-2] + struct.pack("<H", 22) + fake_end,
        "bytes behind the end": plain + b"\n" * 100,
        "a broken member first": zip_with_broken_member_first(),
        "a disk that does not exist": changed(plain, len(plain) - 18, b"\x07\x00\x07\x00"),
    }


def zip_with_broken_member_first() -> bytes:
    plain = zipped({"a/x": b"x", "a/data.pkl": EVIL})
    directory = plain.index(b"PK\x01\x02")
    return changed(plain, directory + 42, struct.pack("<I", 0x7FFFFFFF))


@pytest.mark.parametrize("trick", tricks())
def test_a_zip_that_other_readers_refuse_is_looked_into(trick: str) -> None:
    assert "imports posix.system (in a/data.pkl)" in messages(look(tricks()[trick], "model.pt"))


def test_a_file_that_is_a_pickle_and_a_tar_archive_at_once_is_both() -> None:
    block = bytearray(tarred({"x": b""})[:512])
    block[: len(OLD_EVIL)] = OLD_EVIL
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert tarfile.is_tarfile(io.BytesIO(bytes(block) + bytes(1024)))
    assert messages(look(bytes(block) + bytes(1024), "a.pkl")) != []


def test_encrypted_members_and_unknown_compressions_are_not_verified() -> None:
    plain = zipped({"a.txt": b"text"})
    directory = plain.index(b"PK\x01\x02")
    assert look(changed(plain, 6, b"\x01\x00")).unverified == "has encrypted members"
    assert "method 93" in str(look(changed(plain, directory + 10, b"\x5d\x00")).unverified)
    for start in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"):
        assert "nothing here reads" in str(look(start + bytes(100), "a.bin").unverified)
    assert look(b"\x28\xb5\x2f\xfd", "a.csv.zst").unverified is not None
    assert look(b"\x28\xb5\x2f\xfd", "0.0") == PackedContent()  # a chunk of Zarr


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_member_that_leads_out_is_found(name: str) -> None:
    assert look(zipped({"a": b"", name: b"x"})).outside == (name,)
    assert look(tarred({"a": b"", name: b"x"}), "a.tar").outside == (name,)
    assert look(tarred({name: b"x"}, "w:gz")).outside == (name,)


@pytest.mark.parametrize("name", ["a/../b", "..a", "a../b", "./a", "...", "a:b"])
def test_a_member_that_stays_is_no_finding(name: str) -> None:
    assert look(zipped({name: b"x"})).outside == ()
    assert look(tarred({name: b"x"}), "a.tar").outside == ()


def test_the_name_in_front_of_a_member_counts_too() -> None:
    plain = zipped({"aa/x": b"x"})
    assert look(changed(plain, 30, b"../x")).outside == ("../x",)


def test_a_name_of_pax_and_one_of_gnu_count() -> None:
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        stream, name = io.BytesIO(), "../" + "x" * 150
        with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
            archive.addfile(tarfile.TarInfo(name))
        assert look(stream.getvalue(), "a.tar").outside == (name,)


def test_names_that_only_some_readers_see_count() -> None:
    """``tarfile`` takes a sparse file's own name, and a prefix whatever the magic says."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a")
        entry.pax_headers = {"GNU.sparse.name": "../a"}
        archive.addfile(entry)
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as archive:
        assert archive.getnames() == ["../a"]
    assert look(stream.getvalue(), "a.tar").outside == ("../a",)

    block = bytearray(tarred({"a": b""}))
    block[257:265], block[345:347] = b"ustar  \0", b".."
    block[148:156] = b" " * 8
    block[148:156] = b"\x80" + sum(block[:512]).to_bytes(7, "big")
    with tarfile.open(fileobj=io.BytesIO(bytes(block))) as archive:
        assert archive.getnames() == ["../a"]
    assert look(bytes(block), "a.tar").outside == ("../a",)

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped_:
        info = zipfile.ZipInfo("a")
        name = b"\x01" + struct.pack("<I", zlib.crc32(b"a")) + b"../b"
        info.extra = struct.pack("<2H", 0x7075, len(name)) + name
        zipped_.writestr(info, b"x")
    assert look(stream.getvalue()).outside == ("../b",)


def links(*pairs: tuple[str, str], kind: bytes = tarfile.SYMTYPE) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, target in pairs:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    return stream.getvalue()


def zip_links(*pairs: tuple[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, target in pairs:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o120777 << 16
            archive.writestr(entry, target)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([("a", "/etc/passwd")], ("a -> /etc/passwd",)),
        ([("a/b", "../../c")], ("a/b -> ../../c",)),
        ([("a/b", "../c")], ()),
        ([("a", "b")], ()),
        ([("lib", "lib64"), ("lib64/x", "../y")], ()),
        ([("d/e", ".."), ("f", "d/e/..")], ("f -> d/e/..",)),
        ([("d", "x/y"), ("f", "d/..")], ()),
    ],
)
def test_a_link_that_leads_out_is_found_also_by_way_of_another(
    pairs: list[tuple[str, str]], found: tuple[str, ...]
) -> None:
    assert look(links(*pairs), "a.tar").outside == found
    assert look(zip_links(*pairs)).outside == found


def test_a_link_that_does_not_decompress_hides_no_member_behind_it() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("a")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "b" * 100, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("../c"), b"")
    content = changed(stream.getvalue(), 31, b"\xff\xff\xff")
    found = look(content)
    assert found.outside == ("../c",)
    assert found.unverified == "has a link that cannot be read"


def test_hard_links_are_seen_from_the_top_and_devices_lead_out() -> None:
    assert look(links(("a/b", "../c"), kind=tarfile.LNKTYPE), "a.tar").outside == ("../c",)
    assert look(links(("a/b", "c"), kind=tarfile.LNKTYPE), "a.tar").outside == ()
    assert look(links(("sda", ""), kind=tarfile.BLKTYPE), "a.tar").outside == ("sda, which is a device",)


# --- what is ordinary -------------------------------------------------------------------------------------------------


def test_ordinary_archives_are_passed() -> None:
    inner = zipped({"word/document.xml": b"<w/>", "[Content_Types].xml": b"<t/>"}, zipfile.ZIP_DEFLATED)
    wheel = zipped(
        {"a/__init__.py": b"import os\n", "a-1.dist-info/RECORD": b"a\n", "a/data/x.npy.txt": b""}, zipfile.ZIP_DEFLATED
    )
    for name, content in {
        "a.docx": inner,
        "a.whl": wheel,
        "a.jar": zipped({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n"}),
        "empty.zip": zipped({}),
        "a.tar": tarred({"a/b.txt": b"text" * 500, "a/c.py": b"import os"}),
        "a.tgz": tarred({"a/b.txt": b"text" * 500}, "w:gz"),
        "a.csv.gz": gzip.compress(b"c,d\n1,2\n"),
        "a.json.bz2": bz2.compress(b"{}"),
        "a.xz": lzma.compress(b"text"),
        "two.gz": gzip.compress(b"a") + gzip.compress(b"b") + bytes(512),
    }.items():
        found = look(content, name, deep=True)
        assert found == ArchiveContent(), name


def test_a_zip_of_more_than_four_gigabytes_is_found_by_its_wide_records() -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w") as archive,
        archive.open(zipfile.ZipInfo("x.pkl"), "w", force_zip64=True) as member,
    ):
        member.write(EVIL)
    assert len(messages(look(stream.getvalue()))) == 1
    plain = stream.getvalue()
    end = plain.rindex(b"PK\x05\x06")
    size, start = struct.unpack_from("<II", plain, end + 12)
    wide = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert zipfile.ZipFile(io.BytesIO(plain[:end] + wide + locator + tail)).namelist() == ["x.pkl"]
    assert len(messages(look(plain[:end] + wide + locator + tail))) == 1


@settings(max_examples=examples(60), deadline=None)
@given(
    st.dictionaries(
        st.text("abc/é", min_size=1, max_size=200).filter(lambda name: name.strip("/")),
        st.binary(max_size=1500),
        max_size=5,
    ),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_the_members_of_a_tar_archive_are_those_that_tarfile_sees(members: dict[str, bytes], form: int) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            try:
                archive.addfile(entry, io.BytesIO(content))
            except ValueError:  # ustar has no room for the name
                return
    content = stream.getvalue()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        expected = [(entry.name.rstrip("/"), entry.size) for entry in archive]
    source = Window(io.BytesIO(content), 0, len(content)).forward()
    assert [(each.name.rstrip("/"), each.size) for each in tar_members(source, Budget(deep=False))] == expected


@settings(max_examples=examples(60), deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1), st.binary(max_size=3000), max_size=4),
    st.sampled_from([0, 8, 12]),
    st.binary(max_size=40),
)
def test_the_pickles_found_are_those_that_zipfile_would_unpack(
    members: dict[str, bytes], method: int, before: bytes
) -> None:
    content = zipped({**members, "x.pkl": EVIL}, method)
    assert "imports posix.system (in x.pkl)" in messages(look(content))
    assert "imports posix.system (in x.pkl)" in messages(look(b"#!" + before + content, "a.zip"))


# --- damage and bounds ------------------------------------------------------------------------------------------------


def test_a_zip_that_is_cut_short_or_changed_is_damaged() -> None:
    content = zipped({"a.txt": b"text" * 100})
    assert "without its directory" in str(look(content[:-30]).error)
    assert look(content, deep=True).error is None
    assert "checksum" in str(look(changed(content, 40, b"T"), deep=True).error)
    assert "cut short" in str(look(tarred({"a": b"x" * 5000})[:3000], "a.tar").error)
    assert "cut short" in str(look(tarred({"a": b"x" * 5000}, "w:gz")[:-40]).error)


def test_what_lies_in_an_archive_may_be_damaged_itself() -> None:
    found = look(zipped({"a.gz": gzip.compress(b"x")[:-4], "b.zip": b"PK\x03\x04", "c.npy": b"\x93NUMPY\x01\x00"}))
    assert (found.error, found.unverified) == (None, None)


def bombs() -> dict[str, bytes]:
    """Return small files that would unpack to large ones."""
    zeros = bytes(1 << 20)
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    large = b"".join(squeeze.compress(zeros) for _ in range(256)) + squeeze.flush()
    nested = EVIL
    for _ in range(40):
        nested = gzip.compress(nested)
    entry = tarfile.TarInfo("a")
    entry.size = 1 << 60
    long_name = tarfile.TarInfo("x")
    long_name.type, long_name.size = b"L", 1 << 40
    dictionary = b"]" + struct.pack("<I", 0xFFFFFFFF) + b"\xff" * 8 + bytes(100)
    overlap = zipped({"a": b"x" * 100})
    start = overlap.index(b"PK\x01\x02")
    end = overlap.index(b"PK\x05\x06")
    many = overlap[:start] + overlap[start:end] * 300_000
    return {
        "256 MiB of zeros": large,
        "archives in archives": nested,
        "a tar in a bomb": gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + zeros * 8),
        "a member of 2^60 bytes": entry.tobuf(tarfile.GNU_FORMAT) + bytes(2000),
        "a name of 2^40 bytes": long_name.tobuf(tarfile.GNU_FORMAT) + bytes(2000),
        "a large dictionary": dictionary,
        "many members": many
        + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(many) - start, start, 0),
    }


def test_bombs_cost_little_memory_and_are_not_passed_as_looked_into() -> None:
    script = (
        "import resource\n"
        "from tests.probes.test_archive import bombs, look\n"
        "files = bombs()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for name, content in files.items():\n"
        "    found = look(content, 'a.joblib')\n"
        "    assert name == '256 MiB of zeros' or found.error or found.unverified, name\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])}
    ran = subprocess.run([sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 200_000  # kB


SEEDS = [
    *((DATA / name).read_bytes() for name in ("linear.pt", "linear_legacy.pt", "script.pt", "training.pt")),
    *(WRAPPED[name] for name in ("zip, deflated", "tar", "tar.gz", "tar.xz", "bzip2")),
    links(("a", "b"), ("c/d", "../e")),
    zipped({f"{each}.npy": b"\x93NUMPY\x01\x00" for each in range(3)}),
]


@settings(max_examples=examples(400), deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0), st.binary(min_size=1, max_size=4)), max_size=4),
    st.integers(0),
    st.booleans(),
)
def test_no_damage_raises(seed: bytes, edits: list[tuple[int, bytes]], cut: int, deep: bool) -> None:
    content = seed
    for place, value in edits:
        content = changed(content, place % len(content), value)
    if cut % 3 == 0:
        content = content[: cut % (len(content) + 1)]
    for name in ("a.pt", "a.tar", "a.npz"):
        look_into(content, name, deep=deep)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.sampled_from(
        [
            b"PK\x03\x04",
            b"PK\x05\x06",
            b"\x1f\x8b\x08",
            b"BZh91AY&SY",
            b"\xfd7zXZ\0",
            b"\x93NUMPY\x01\x00",
            b"\x78\x9c",
            b"]\0\0",
        ]
    ),
    st.binary(max_size=600),
)
def test_no_bytes_behind_a_magic_raise(start: bytes, content: bytes) -> None:
    assert messages(look(start + content, "a.bin", deep=True)) == []


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_a_file_may_end_anywhere(seed: int) -> None:
    content = SEEDS[seed]
    for end in {*range(0, len(content), max(1, len(content) // 200)), *range(max(0, len(content) - 50), len(content))}:
        look_into(content[:end], "a.pt", deep=False)


def test_the_kind_of_a_file_is_told_by_what_is_in_it() -> None:
    assert type(look(zipped({"a": b""}))) is ArchiveContent
    assert type(look(zipped({"a.npy": b""}))) is NumpyContent
    assert type(look(zipped({"a/data.pkl": b"N."}))) is TorchContent
    assert type(look(b"\x80\x02N.")) is PickleContent


@given(
    st.binary(max_size=1100)
    | st.builds(bytes.__add__, st.binary(min_size=1, max_size=1), st.sampled_from(list(WRAPPED.values())))
    | st.builds(bytes.__add__, st.binary(max_size=30), st.sampled_from(list(WRAPPED.values())))
    | st.sampled_from([tarred({f"{chr(code)}.txt": EVIL}) for code in range(33, 127)])
)
@settings(deadline=None)
def test_what_a_first_byte_tells_is_what_a_whole_look_does(content: bytes) -> None:
    told = look_into_pickle(io.BytesIO(content), deep=False)
    assert told == _look(io.BytesIO(content), deep=False, maybe_pickle=True)


@pytest.mark.parametrize("rest", [b"", b"\n", b"x" * 600, bytes(600), b".", WRAPPED["zip"]])
def test_every_first_byte_tells_what_a_whole_look_does(rest: bytes) -> None:
    for code in range(256):
        content = bytes([code]) + rest
        told = look_into_pickle(io.BytesIO(content), deep=False)
        assert told == _look(io.BytesIO(content), deep=False, maybe_pickle=True)


def test_the_opcodes_are_those_of_the_pickle_machine() -> None:
    assert set(OPCODES) == {ord(each.code) for each in pickletools.opcodes} == {*STEPS, ord(".")}


@pytest.mark.parametrize("rest", [b"0000017", b"\0      ", b" 17\0   ", b"       "])
def test_a_byte_that_begins_no_number_is_that_of_no_tar(rest: bytes) -> None:
    for code in set(range(256)) - _BEGIN_NUMBER:
        with pytest.raises(BrokenError):
            _number(bytes([code]) + rest)
