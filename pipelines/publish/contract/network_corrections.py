import datetime as dt

from pipelines.schemas.table import Table, column, key


class NetworkCorrections(Table, source="network tables"):
    """Corrections that override statements, parties or relations."""

    correction_id: str = key()
    table_name: str = column("entities, links or link_statements")
    row_id: str = column("row corrected")
    column_name: str = column("cell corrected")
    expected: str = column("the wrong value")
    corrected: str = column()
    corrected_on: dt.date = column()
    reason: str = column()
    source: str = column("what it rests on")
