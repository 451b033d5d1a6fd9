"""Where a unit comes from: commit, environment and data, without secrets and without what belongs to this machine."""
