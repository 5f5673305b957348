"""Policy as code that keeps sensitive data away from operators under a foreign jurisdiction."""

__version__ = "0.1.0"
