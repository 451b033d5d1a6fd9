r"""Texts without what formats, strings and loggers put around numbers.

A string may hold a text of its own, as those of a notebook's outputs do (nbformat 4, "multiline strings"): its lines
end in ``\n``, and so do the strings of a list that nbformat cut it into. Such ends become :data:`END_OF_LINE`, since
a line of the file is another thing.
"""

import re

from runcheck.convention.patterns import late

BEGIN_OF_TEXT, END_OF_LINE = b"\x1d", b"\x1e"  # in a string

_ESCAPED_END = late(rb"\\{1,4}+n(?:\"(,\s{0,80}+)\")?")
_ESCAPED = late(rb"\\{1,4}+(?:[tr](?![a-z])|\")")
_TEXT = late(rb"\"([^\"\x1e]*+\x1e[^\"]*+)\"?+")
# What nbformat calls things names nothing; elsewhere outputs and counts are no weights.
_KEY_OF_NOTEBOOK = late(
    rb"\"(?:outputs\":\s*+(?=\[\s*+\{\s*+\"(?:data|name|output_type)\":)|execution_count\":\s*+(?:null|[0-9]++)\s*+,?+)"
)
_ROW_END = late(rb"</tr\s*+>")
_TAG = late(rb"<[^<>]{0,256}+>")
_YAML_ITEM = late(rb"(?<!:)\n[ \t]*+- (?=[-+.0-9])")
_YAML_ROW = late(rb"\n[ \t]*+(?:- ){2,}")
_INDEX = late(rb"(?<![0-9.A-Za-z_-])\"?+[0-9]++\"?+:(?=[-+.0-9])")  # of pandas' JSON, of LIBSVM
_SUBSCRIPT = late(rb"(?<=\w)\[[0-9]{1,9}+(?>(?:[\], \[]{1,4}+[0-9]{1,9}+){0,3})\](?=[ \t]{0,4}+[=:])")
_ONE_LINE = bytes(32 if each in b"\n\x1d\x1e" else each for each in range(256))
_MINUS = "\N{MINUS SIGN}".encode()

# What stands before a logged line, of Python's logging, loguru, glog and absl: a time and a level, then perhaps where.
_LEVEL = rb"(?<!\w)(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)(?!\w)"
_TIME = rb"[(\[]?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T _][0-9]{2}:[0-9]{2}:[0-9]{2}"
_GLOG = rb"[IWEF][0-9]{4} [0-9:.]{8,18}+ {1,8}+[0-9]{1,20}+ [\w./-]{1,80}+:[0-9]{1,6}+\]"
_PLACE = (
    rb"\[[A-Za-z_][\w.:/-]{0,60}+\]|[A-Za-z_][\w.:<>]{0,80}+(?=[ \t]{1,8}+[-|][ \t])|(?<=:)[A-Za-z_][\w.]{0,60}+(?=:)"
)
_LOGGED = late(
    rb"^[ \t]{0,8}+(?:(?:%b[^\n]{0,80}?)?%b\]?|%b)(?>(?:[ \t|:]++|-(?=[ \t])|%b)*)" % (_TIME, _LEVEL, _GLOG, _PLACE),
    re.MULTILINE,
)


def plain(text: bytes) -> bytes:
    """Return a text of numbers without what is put around them; it has as many lines, but for tables in HTML."""
    if b"\\n" in text:
        text = _ESCAPED.sub(b" ", _ESCAPED_END.sub(rb"\1" + END_OF_LINE, _KEY_OF_NOTEBOOK.sub(b"", text)))
        text = _TEXT.sub(BEGIN_OF_TEXT + rb"\1" + END_OF_LINE, text)
    if b"</" in text:
        text = text.translate(_ONE_LINE)
        text = _TAG.sub(b" ", _ROW_END.sub(b"\n", text))
    if b":" in text:
        text = _INDEX.sub(b" ", _LOGGED.sub(b"", text))
    if b"[" in text:
        text = _SUBSCRIPT.sub(b" ", text)
    if _MINUS in text:
        text = text.replace(_MINUS, b"-")
    if b"- " in text:
        text = _YAML_ROW.sub(b"\n", _YAML_ITEM.sub(b" ", text))
    return text
