"""Benchmarks: ``python -m bench [name …]``. They print a table and write JSON; no test depends on their figures."""
