"""Anju under fire: real processes are killed while clients pay and jobs run (``python -m tests.faults --help``).

Everything runs on a data folder, ports and a PostgreSQL of its own. What was measured stands in ``docs/reliability.md``;
the suite runs the same with three kills each.
"""
