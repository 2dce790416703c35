import datetime as dt

from pipelines.schemas.table import Table, column, key


class NetworkCorrections(Table):
    """Corrections that override statements, parties or relations."""

    class Config:
        metadata = {"source": "network tables"}

    correction_id: str = key("id of the correction")
    table_name: str = column("entities, links or link_statements")
    row_id: str = column("row corrected")
    column_name: str = column("cell corrected")
    expected: str = column("the wrong value")
    corrected: str = column("what replaces it")
    corrected_on: dt.date = column("day of the correction")
    reason: str = column("why")
    source: str = column("what it rests on")
