"""Side-by-side benchmarks: ``python -m bench --help``. What was measured stands in ``docs/performance.md``."""
