from pipelines.schemas.table import Table, column, key


class Metrics(Table, source="sql/published/metrics.sql"):
    """Metrics described once: an expression over one table that is right under any grouping and
    filter. The BI set-up of deploy/superset is made from it.
    """

    metric: str = key("short name")
    table_name: str = column("table that the expression reads")
    title: str = column("what readers call it")
    expression: str = column("SQL aggregate over rows of the table, in the dialect of DuckDB")
    unit: str = column("unit of the result")
    number_format: str = column("how to print it, in the notation of d3-format")
    meaning: str = column("what it says, and where it is null")
    is_additive: bool = column("results of groups that do not overlap may be added")
    sort_order: int = column("place in menus; the first of a table is its main metric")
