"""Hybrid networks for regulatory DNA that can be read."""

__version__ = "0.1.0"
