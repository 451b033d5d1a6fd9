"""Archives, pickles, PyTorch and NumPy files: how they begin, and which suffixes they have."""

NUMPY_MAGIC, NUMPY_SUFFIX = b"\x93NUMPY", ".npy"
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
ZIP_SUFFIXES = (".zip", ".whl", ".jar")  # may begin with something else, and are read from their end
GZIP, XZ, OLD_LZMA = b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"]\0\0"
BZIP2_START, BZIP2_BLOCK = b"BZh", b"1AY&SY"
ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
CLOSED = {b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!\x1a\x07": "a RAR archive"}
# Arrays of Zarr and Orbax begin as these do, so they are told by their names.
CLOSED_SUFFIXES = {".zst": "compressed with zstd", ".zstd": "compressed with zstd", ".lz4": "compressed with LZ4"}
PICKLE_STARTS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
TAR_MAGIC = (b"ustar", 257)  # where it begins
BEGINS = (*ZIP_STARTS, GZIP, BZIP2_START, XZ, NUMPY_MAGIC, *CLOSED, *PICKLE_STARTS)
PICKLE_SUFFIXES = (
    ".pkl",
    ".pickle",
    ".p",
    ".pk",
    ".joblib",
    ".dill",
    ".pt",
    ".pth",
    ".ckpt",
    ".bin",
    NUMPY_SUFFIX,
    ".npz",
)
