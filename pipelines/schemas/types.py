"""Column types that several contracts share."""

from __future__ import annotations

from typing import Annotated

import polars as pl

# UTC, without a zone: every instant here is UTC
Instant = Annotated[pl.Datetime, "us", None]
