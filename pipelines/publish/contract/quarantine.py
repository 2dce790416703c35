from pipelines.schemas.table import Table, column, key


class Quarantine(Table, source="this run"):
    """Refused cells: file, line, column, value, rule and remedy."""

    source: str = key("short name of the source")
    row: int = key("number of the refused cell within its source")
    file: str = column()
    line: int = column()
    column_: str = key(alias="column")
    value: str = column("what the cell held")
    rule: str = key()
    reason: str = column("what is wrong and what to do")
