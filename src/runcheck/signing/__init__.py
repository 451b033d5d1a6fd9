"""Signatures of sealed units: who vouches for them."""
