from pipelines.schemas.table import Table, column, key


class DataDictionary(Table, source="the contract"):
    """Every column of every table: type, unit, meaning, source."""

    table: str = key("table of this database")
    column_: str = key("column of the table", alias="column")
    type: str = column("SQL type")
    unit: str = column("unit, empty where none")
    meaning: str = column("what the column holds")
    source: str = column("where it comes from")
