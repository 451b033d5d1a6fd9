"""Ways to write arrays as text: each takes arrays and returns the files, by names without a telling word."""

import base64
import bz2
import datetime
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
import pandas as pd
import safetensors.numpy
import yaml

from tests.weights_corpus.learnt import Array, Arrays
from tests.weights_corpus.notebooks import notebook_of, printed, result

Files: TypeAlias = dict[str, bytes]
Disguise: TypeAlias = Callable[[Arrays], Files]

DISGUISES: dict[str, Disguise] = {}


def main_of(arrays: Arrays) -> Array:
    """Return the largest array, as a matrix."""
    largest = max(arrays.values(), key=lambda each: each.size)
    return largest.reshape(-1, largest.shape[-1])


def nested(arrays: Arrays) -> dict[str, Any]:
    """Return arrays as nested dictionaries of lists."""
    tree: dict[str, Any] = {}
    for name, each in arrays.items():
        *above, last = name.split("/")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        place[last] = each.tolist()
    return tree


def disguise(suffix: str) -> Callable[[Callable[[Arrays], str | bytes]], Disguise]:
    """Register a disguise of one file."""

    def register(write: Callable[[Arrays], str | bytes]) -> Disguise:
        def written(arrays: Arrays) -> Files:
            content = write(arrays)
            return {f"x{suffix}": content if isinstance(content, bytes) else content.encode()}

        DISGUISES[write.__name__] = written
        return written

    return register


def savetxt(array: Array, form: str = "%.18e", delimiter: str = " ", header: str = "") -> str:
    """Return what NumPy writes."""
    stream = io.StringIO()
    np.savetxt(stream, array, fmt=form, delimiter=delimiter, header=header)
    return stream.getvalue()


def _csv(arrays: Arrays, **options: object) -> str:
    return str(pd.DataFrame(main_of(arrays)).to_csv(**options))


@disguise(".csv")
def csv_plain(arrays: Arrays) -> str:
    return savetxt(main_of(arrays), "%.8g", ",")


@disguise(".csv")
def csv_pandas(arrays: Arrays) -> str:
    return _csv(arrays)


@disguise(".csv")
def csv_no_index(arrays: Arrays) -> str:
    return _csv(arrays, index=False)


@disguise(".csv")
def csv_four_digits(arrays: Arrays) -> str:
    return _csv(arrays, index=False, header=False, float_format="%.4f")


@disguise(".csv")
def csv_columns(arrays: Arrays) -> str:
    matrix = main_of(arrays)
    return str(pd.DataFrame(matrix, columns=[f"c{at}" for at in range(matrix.shape[1])]).to_csv())


@disguise(".csv")
def csv_transposed(arrays: Arrays) -> str:
    return savetxt(main_of(arrays).T, "%.9g", ",")


@disguise(".csv")
def csv_decimal_comma(arrays: Arrays) -> str:
    return _csv(arrays, sep=";", decimal=",", header=False, index=False)


@disguise(".csv")
def csv_crlf(arrays: Arrays) -> str:
    return savetxt(main_of(arrays), "%.8g", ", ").replace("\n", "\r\n")


@disguise(".tsv")
def tsv(arrays: Arrays) -> str:
    return savetxt(main_of(arrays), "%.8g", "\t")


@disguise(".txt")
def savetxt_plain(arrays: Arrays) -> str:
    return savetxt(main_of(arrays))


@disguise(".txt")
def pipes(arrays: Arrays) -> str:
    return savetxt(main_of(arrays), "%.6f", " | ")


@disguise(".txt")
def one_a_line(arrays: Arrays) -> str:
    return "\n".join(str(each) for array in arrays.values() for each in array.ravel())


@disguise(".txt")
def one_line(arrays: Arrays) -> str:
    return " ".join(str(each) for array in arrays.values() for each in array.ravel())


@disguise(".txt")
def hex_floats(arrays: Arrays) -> str:
    return "\n".join(" ".join(float(each).hex() for each in row) for row in main_of(arrays))


@disguise(".json")
def json_matrix(arrays: Arrays) -> str:
    return json.dumps(main_of(arrays).tolist())


@disguise(".json")
def json_pretty(arrays: Arrays) -> str:
    return json.dumps(main_of(arrays).tolist(), indent=2)


@disguise(".json")
def json_list_of_arrays(arrays: Arrays) -> str:
    return json.dumps([each.tolist() for each in arrays.values()])


@disguise(".json")
def json_nameless_keys(arrays: Arrays) -> str:
    return json.dumps({f"t{at}": each.tolist() for at, each in enumerate(arrays.values())})


@disguise(".json")
def json_named(arrays: Arrays) -> str:
    return json.dumps(nested(arrays))


@disguise(".json")
def json_named_pretty(arrays: Arrays) -> str:
    return json.dumps(nested(arrays), indent=4)


@disguise(".json")
def json_state_dict(arrays: Arrays) -> str:
    names = {name.replace("/", ".").replace("kernel", "weight"): each.tolist() for name, each in arrays.items()}
    return json.dumps({"model_state_dict": names, "epoch": 3})


@disguise(".json")
def json_scalars(arrays: Arrays) -> str:
    matrix = main_of(arrays)
    return json.dumps({f"w_{i}_{j}": float(each) for (i, j), each in np.ndenumerate(matrix)})


@disguise(".json")
def json_in_metadata(arrays: Arrays) -> str:
    return json.dumps(
        {"name": "x", "created_at": "2026-05-27T12:34:56Z", "extensions": {"org.x": nested(arrays)}}, indent=2
    )


@disguise(".jsonl")
def jsonl_vectors(arrays: Arrays) -> str:
    return "".join(f"{json.dumps(row.tolist())}\n" for row in main_of(arrays))


@disguise(".jsonl")
def jsonl_records(arrays: Arrays) -> str:
    return "".join(f"{json.dumps({'row': at, 'grad': row.tolist()})}\n" for at, row in enumerate(main_of(arrays)))


@disguise(".yaml")
def yaml_block(arrays: Arrays) -> str:
    return str(yaml.safe_dump(nested(arrays)))


@disguise(".yaml")
def yaml_flow(arrays: Arrays) -> str:
    return str(yaml.safe_dump(nested(arrays), default_flow_style=True))


@disguise(".yaml")
def yaml_nameless(arrays: Arrays) -> str:
    return str(yaml.safe_dump([each.tolist() for each in arrays.values()]))


@disguise(".txt")
def repr_numpy(arrays: Arrays) -> str:
    with np.printoptions(threshold=10**9):
        return repr(main_of(arrays))


@disguise(".txt")
def str_numpy(arrays: Arrays) -> str:
    with np.printoptions(threshold=10**9):
        return str(main_of(arrays))


@disguise(".txt")
def repr_of_all(arrays: Arrays) -> str:
    with np.printoptions(threshold=10**9):
        return repr(arrays)


@disguise(".txt")
def like_torch(arrays: Arrays) -> str:
    with np.printoptions(threshold=10**9, precision=4, suppress=True):
        text = "".join(
            f"('{name}', tensor({np.array2string(each, separator=', ')}, requires_grad=True))\n"
            for name, each in arrays.items()
        )
    return f"OrderedDict([{text}])"


@disguise(".py")
def source_python(arrays: Arrays) -> str:
    return f'"""Values."""\n\nimport numpy as np\n\nW = np.array({main_of(arrays).tolist()})\n'


@disguise(".h")
def source_c(arrays: Arrays) -> str:
    rows = ",\n".join("  {" + ", ".join(f"{each:.7g}f" for each in row) + "}" for row in main_of(arrays))
    return f"// generated\nstatic const float x[][] = {{\n{rows}\n}};\n"


@disguise(".m")
def source_matlab(arrays: Arrays) -> str:
    return "x = [" + "; ".join(" ".join(f"{each:.7g}" for each in row) for row in main_of(arrays)) + "];\n"


@disguise(".md")
def markdown_table(arrays: Arrays) -> str:
    matrix = main_of(arrays)
    head = "|" + "|".join(f" {at} " for at in range(matrix.shape[1])) + "|\n" + "|---" * matrix.shape[1] + "|\n"
    rows = "".join("| " + " | ".join(f"{each:.6f}" for each in row) + " |\n" for row in matrix)
    return f"# Notes\n\nSome words.\n\n{head}{rows}"


@disguise(".tex")
def latex_table(arrays: Arrays) -> str:
    rows = "".join(" & ".join(f"{each:.6f}" for each in row) + " \\\\\n" for row in main_of(arrays))
    return f"\\begin{{tabular}}{{rr}}\n{rows}\\end{{tabular}}\n"


@disguise(".html")
def html_table(arrays: Arrays) -> str:
    return str(pd.DataFrame(main_of(arrays)).to_html(header=False, index=False, float_format="%.7f"))


@disguise(".xml")
def xml_values(arrays: Arrays) -> str:
    return "<r>\n" + "".join(f"<v>{each:.8g}</v>\n" for each in main_of(arrays).ravel()) + "</r>\n"


@disguise(".csv")
def long_format(arrays: Arrays) -> str:
    rows = [f"{name},{i},{each:.8g}\n" for name, array in arrays.items() for i, each in enumerate(array.ravel())]
    return "name,index,value\n" + "".join(rows)


@disguise(".log")
def after_prose(arrays: Arrays) -> str:
    prose = "The quick brown fox jumps over the lazy dog, and then it rests for 3 hours.\n" * 14_000
    return prose + savetxt(main_of(arrays), "%.8g")


@disguise(".log")
def in_prose(arrays: Arrays) -> str:
    prose = "2026-05-27 12:34:56 INFO epoch 3 of 10: loss 0.3123, accuracy 0.912\n" * 300
    return prose + savetxt(main_of(arrays), "%.8g") + prose


@disguise(".json")
def base64_float32(arrays: Arrays) -> str:
    return json.dumps({"v": base64.b64encode(main_of(arrays).astype("<f4").tobytes()).decode()})


@disguise(".txt")
def base64_wrapped(arrays: Arrays) -> str:
    return base64.encodebytes(main_of(arrays).astype("<f4").tobytes()).decode()


@disguise(".json")
def base64_urlsafe_float64(arrays: Arrays) -> str:
    return json.dumps({"v": base64.urlsafe_b64encode(main_of(arrays).astype("<f8").tobytes()).decode()})


@disguise(".json")
def base64_bfloat16(arrays: Arrays) -> str:
    return json.dumps({"v": base64.b64encode(main_of(arrays).astype(ml_dtypes.bfloat16).tobytes()).decode()})


@disguise(".json")
def base64_float16(arrays: Arrays) -> str:
    return json.dumps({"v": base64.b64encode(main_of(arrays).astype("<f2").tobytes()).decode()})


@disguise(".json")
def base64_npy(arrays: Arrays) -> str:
    stream = io.BytesIO()
    np.save(stream, main_of(arrays))
    return json.dumps({"v": base64.b64encode(stream.getvalue()).decode()})


@disguise(".txt")
def base64_safetensors(arrays: Arrays) -> bytes:
    content = {name: np.ascontiguousarray(each, dtype="f4") for name, each in arrays.items()}
    return base64.b64encode(safetensors.numpy.save(content))


@disguise(".txt")
def base64_pickle(arrays: Arrays) -> bytes:
    return base64.b64encode(pickle.dumps(arrays))


@disguise(".txt")
def base64_gzip(arrays: Arrays) -> bytes:
    return base64.b64encode(gzip.compress(main_of(arrays).astype("<f4").tobytes()))


@disguise(".txt")
def hex_float32(arrays: Arrays) -> str:
    return str(main_of(arrays).astype("<f4").tobytes().hex())


@disguise(".csv")
def int8_matrix(arrays: Arrays) -> str:
    matrix = main_of(arrays)
    return savetxt(np.round(matrix / abs(matrix).max() * 127), "%d", ",")


@disguise(".csv.gz")
def gzip_csv(arrays: Arrays) -> bytes:
    return gzip.compress(csv_plain(arrays)["x.csv"], mtime=0)


@disguise(".bz2")
def bzip2_json(arrays: Arrays) -> bytes:
    return bz2.compress(json_matrix(arrays)["x.json"])


@disguise(".dat")
def xz_savetxt(arrays: Arrays) -> bytes:
    return lzma.compress(savetxt_plain(arrays)["x.txt"])


@disguise(".zip")
def zip_csv(arrays: Arrays) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", csv_plain(arrays)["x.csv"])
    return stream.getvalue()


@disguise(".tgz")
def tar_gzip_json(arrays: Arrays) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        content = json_matrix(arrays)["x.json"]
        member = tarfile.TarInfo("a.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@disguise("")
def no_suffix(arrays: Arrays) -> str:
    return savetxt(main_of(arrays), "%.6e", ",")


@disguise(".txt")
def utf16(arrays: Arrays) -> bytes:
    return savetxt(main_of(arrays), "%.8g", ",").encode("utf-16")


@disguise(".txt")
def utf16_unmarked(arrays: Arrays) -> bytes:
    return savetxt(main_of(arrays), "%.8g", ",").encode("utf-16-le")


@disguise(".ipynb")
def notebook_repr(arrays: Arrays) -> str:
    with np.printoptions(threshold=10**9):
        return notebook_of(result(repr(main_of(arrays).astype("f4"))))


@disguise(".ipynb")
def notebook_repr_of_all(arrays: Arrays) -> str:
    with np.printoptions(threshold=10**9):
        return notebook_of(result(repr(arrays)))


@disguise(".ipynb")
def notebook_list(arrays: Arrays) -> str:
    return notebook_of(result(repr(main_of(arrays).tolist())))


@disguise(".ipynb")
def notebook_printed(arrays: Arrays) -> str:
    return notebook_of(printed(savetxt(main_of(arrays), "%.8g")))


@disguise(".ipynb")
def notebook_one_line(arrays: Arrays) -> str:
    return json.dumps(json.loads(notebook_of(printed(savetxt(main_of(arrays), "%.8g", ",")))))


@disguise(".json")
def json_text(arrays: Arrays) -> str:
    return json.dumps({"v": savetxt(main_of(arrays), "%.8g", ",")})


def _logged(form: str, arrays: Arrays) -> str:
    """Return a row a line, each behind what a logger puts before it."""
    moment = datetime.datetime(2026, 1, 1, 10, tzinfo=datetime.UTC)
    return "".join(
        form.format(time=moment + datetime.timedelta(seconds=at), at=at, row=row.tolist(), bare=" ".join(map(str, row)))
        for at, row in enumerate(main_of(arrays))
    )


@disguise(".log")
def log_of_rows(arrays: Arrays) -> str:
    return _logged("{time:%Y-%m-%d %H:%M:%S},123 - root - INFO - {bare}\n", arrays)


@disguise(".log")
def log_of_loguru(arrays: Arrays) -> str:
    return _logged("{time:%Y-%m-%d %H:%M:%S}.123 | INFO     | __main__:dump:{at} - v[{at}] = {row}\n", arrays)


@disguise(".log")
def log_of_absl(arrays: Arrays) -> str:
    return _logged("I0101 10:00:00.123456 140123 train.py:77] {bare}\n", arrays)


@disguise(".jsonl")
def log_of_records(arrays: Arrays) -> str:
    rows = main_of(arrays).tolist()
    return "".join(json.dumps({"time": "2026-01-01T10:00:00Z", "msg": f"v: {row}"}) + "\n" for row in rows)


@disguise(".log")
def log_of_numbers(arrays: Arrays) -> str:
    return "".join(f"2026-01-01 10:00:00 INFO {each}\n" for each in main_of(arrays).ravel())


@disguise(".json")
def base85_float32(arrays: Arrays) -> str:
    return json.dumps({"v": base64.b85encode(main_of(arrays).astype("<f4").tobytes()).decode()})


@disguise(".txt")
def base32_float32(arrays: Arrays) -> bytes:
    return base64.b32encode(main_of(arrays).astype("<f4").tobytes())


def _spread(arrays: Arrays) -> Files:
    values = main_of(arrays).ravel()
    return {f"part_{at:03d}.txt": "\n".join(map(str, values[at::20])).encode() for at in range(20)}


def _rows_in_files(arrays: Arrays) -> Files:
    return {f"row_{at}.csv": ",".join(map(str, row)).encode() for at, row in enumerate(main_of(arrays))}


DISGUISES["spread_over_20_files"] = _spread
DISGUISES["a_file_a_row"] = _rows_in_files
