"""What is fast is shown here: this linter and its peers on the same work, in turn, in one session."""
