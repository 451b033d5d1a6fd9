"""Export on demand: what a unit holds, in the formats of others, outside of the tree. The unit is never changed."""
