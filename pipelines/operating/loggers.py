"""Console output: what went wrong and nothing else; the UI keeps every event."""

from __future__ import annotations

import logging

import dagster as dg

# handlers of the process that runs a job, told of every event: its progress bar
LISTENERS: list[logging.Handler] = []


@dg.logger(
    {"level": dg.Field(str, default_value="WARNING")},
    "Warnings and errors on the console; every event is in the UI.",
)
def quiet_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """A logger that speaks from the configured level up, and tells listeners everything."""
    level = context.logger_config["level"]
    logger = logging.Logger("dprk_revenue", level=logging.DEBUG if LISTENERS else level)
    handler = logging.StreamHandler()
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    for one in (handler, *LISTENERS):
        logger.addHandler(one)
    return logger
