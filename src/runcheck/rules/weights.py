"""RC9: weights and gradients as text."""
