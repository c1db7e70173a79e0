"""Builds on this machine: the folders that keep them, and the compiler that makes them."""
