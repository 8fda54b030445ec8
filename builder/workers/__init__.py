"""Processes of ours: how they are started, and the process that makes copies of itself for them."""
