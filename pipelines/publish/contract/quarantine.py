from pipelines.schemas.table import Table, column, key


class Quarantine(Table):
    """Refused cells: file, line, column, value, rule and remedy."""

    class Config:
        metadata = {"source": "this run"}

    source: str = key("short name of the source")
    row: int = key("number of the refused cell within its source")
    file: str = column("file the row came in")
    line: int = column("line or record number in the file; 0 for the file as a whole")
    column_: str = key("column of the refused cell", alias="column")
    value: str = column("what the cell held")
    rule: str = key("rule it broke")
    reason: str = column("what is wrong and what to do")
