"""DPRK Revenue in Python: what North Korea earns from coal and overseas labor, with its draws.

    >>> from dprk_revenue import open_release
    >>> release = open_release("data/published")
    >>> release.headline_annual()                                   # a Polars frame
    >>> release.income_between("2017-01-01", "2017-12-01")          # any window, any streams
    >>> release.draws("labor")                                      # the joint draws themselves

A release is a folder with `dprk_revenue.duckdb` and files of the same tables; nothing is written.
"""

from .release import Release, ReleaseError, ReleaseTable, open_release

__all__ = ["Release", "ReleaseError", "ReleaseTable", "open_release"]
