"""Imports and exports of the register as jobs: what they are and where they stand."""

from domain.terms import Term


class RegisterJobKind(Term):
    """What a job does with a file."""

    IMPORT = "IMPORT", "Brings a file into the register (导入)."
    EXPORT = "EXPORT", "Writes the register to a workbook (导出)."


class RegisterJobState(Term):
    """Where a job stands."""

    QUEUED = "QUEUED", "Waiting for a worker (等待中)."
    RUNNING = "RUNNING", "At work (进行中)."
    DONE = "DONE", "Finished (已完成)."
    REFUSED = "REFUSED", "The file has faults, and nothing was written (有错误，未写入)."


MOST_SHOWN = 200
"""So many faults are kept with the job; the marked copy has them all."""
