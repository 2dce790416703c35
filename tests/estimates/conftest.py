"""Small ledgers typed for tests; every value here is made up."""

import datetime as dt

import polars as pl
import pytest

_SCHEMA = {
    "observation_id": pl.String,
    "stream": pl.String,
    "quantity": pl.String,
    "counterpart_iso3": pl.String,
    "sector": pl.String,
    "window_start_on": pl.Date,
    "window_end_on": pl.Date,
    "kind": pl.String,
    "low": pl.Float64,
    "central": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "origin_id": pl.String,
    "source_id": pl.String,
    "locator": pl.String,
    "retrieved_at": pl.Datetime("us"),
    "is_used": pl.Boolean,
    "reason_not_used": pl.String,
}


@pytest.fixture
def coal_row():
    """Build one coal figure of the ledger; the keyword names the cell that matters."""

    def build(observation_id: str, start: str, end: str, **cells: object) -> dict[str, object]:
        row: dict[str, object] = {
            "observation_id": observation_id,
            "stream": "coal",
            "quantity": "export_t",
            "counterpart_iso3": "WLD",
            "sector": "HS2701",
            "window_start_on": dt.date.fromisoformat(start),
            "window_end_on": dt.date.fromisoformat(end),
            "kind": "exact",
            "low": None,
            "central": None,
            "high": None,
            "unit": "t",
            "origin_id": "made-up-customs",
            "source_id": "made-up",
            "locator": "test",
            "retrieved_at": dt.datetime(2026, 11, 24),  # noqa: DTZ001
            "is_used": True,
            "reason_not_used": None,
        }
        row.update(cells)
        if row["quantity"] == "export_usd":
            row["unit"] = "USD"
        elif row["quantity"] == "price_usd_per_t":
            row["unit"] = "USD/t"
        return row

    return build


@pytest.fixture
def ledger():
    """Rows to the frame of facts.observations."""

    def build(*rows: dict[str, object]) -> pl.DataFrame:
        return pl.DataFrame(list(rows), schema=_SCHEMA)

    return build
