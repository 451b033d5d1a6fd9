"""Dataset versions, and the formats of their splits."""
