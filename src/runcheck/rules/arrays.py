"""RC6, the formats of data: Parquet, HDF5 and Zarr."""
