"""What a path is to the convention, and what is expected of it, whether something is there or not."""
