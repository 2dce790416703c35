"""Contract of the rows that were refused, with the reason."""

from __future__ import annotations

from pipelines.schemas.table import Table, column, given
from pipelines.schemas.types import polars_schema


class StagedQuarantine(Table, table="staged.quarantine", source="the reader of the source"):
    """Refused cells with what to do about them. Grain: source, file, line, column, rule."""

    source: str = given()
    file: str = given()
    line: int = given("0: the file as a whole", ge=0)
    column_: str = given(alias="column")
    value: str = column()
    rule: str = given()
    reason: str = given()


QUARANTINE_SCHEMA = polars_schema(StagedQuarantine)
