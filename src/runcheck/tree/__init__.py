"""The files themselves: walk a tree into entries, read a file once for its hash and its probe."""
