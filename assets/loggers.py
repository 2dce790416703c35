"""Console output: what went wrong and nothing else; the UI keeps every event."""

from __future__ import annotations

import logging

import dagster as dg


@dg.logger(
    {"level": dg.Field(str, default_value="WARNING")},
    "Warnings and errors on the console; every event is in the UI.",
)
def quiet_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """A logger that speaks from the configured level up."""
    logger = logging.Logger("dprk_revenue", level=context.logger_config["level"])
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger
