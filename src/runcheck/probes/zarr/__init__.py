"""Zarr stores, versions 2 and 3: their metadata, which chunks are there, and at depth ``deep`` whether each decodes.

By hand, as :mod:`runcheck.probes.zarr.metadata` says why. Out of reach without a list of checksums, since nothing in
the store tells: two chunks of one shape that changed places; all chunks of an array removed, which reads as fill value
as an array does that never had any; a changed value in metadata that no consolidated copy repeats.
"""
