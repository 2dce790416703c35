"""Facts: sources joined, one real event or one published figure a row."""

from __future__ import annotations

import dagster as dg

from assets.resources import WarehouseResource
from assets.tables import result
from pipelines.schemas.figures import Observations
from pipelines.warehouse import build_table, read_frame


@dg.asset(
    key=["facts", "observations"],
    group_name="facts",
    kinds={"duckdb"},
    deps=[
        ["staged", "figures"],
        ["staged", "origins"],
        ["staged", "quantities"],
        ["staged", "held_back_reasons"],
        ["facts", "trade_observations"],
        ["facts", "ais_observations"],
        ["facts", "satellite_observations"],
        ["facts", "source_observations"],
    ],
)
def observations(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Gather the ledger and hold it to its contract."""
    with warehouse.open().connect() as connection:
        build_table(connection, "facts.observations")
        frame = read_frame(connection, "facts.observations")
        Observations.validate(frame, lazy=True)
        by_kind = frame.group_by("stream", "kind").len().sort("stream", "kind")
        return result(
            connection,
            "facts.observations",
            used=int(frame["is_used"].sum()),
            not_used=int((~frame["is_used"]).sum()),
            by_kind=dg.TableMetadataValue(
                records=[dg.TableRecord(row) for row in by_kind.iter_rows(named=True)],
                schema=dg.TableSchema.from_name_type_dict(
                    {"stream": "string", "kind": "string", "len": "int"}
                ),
            ),
        )
