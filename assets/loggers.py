"""Console output: what went wrong and nothing else; the UI keeps every event."""

from __future__ import annotations

import logging

import dagster as dg


@dg.logger({}, "Warnings and errors on the console; every event is in the UI.")
def quiet_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """A logger that speaks from WARNING up."""
    logger = logging.Logger("dprk_revenue", level=logging.WARNING)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger
