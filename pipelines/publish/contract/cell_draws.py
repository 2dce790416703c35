from pipelines.schemas.table import Table, column, key


class CellDraws(Table, source="estimates", is_file_published=False):
    """Joint draws of the headline by cell: one stream, one country where its money is drawn by
    country, one month. Not for adding up by hand: use the macros headline_quantile,
    workers_quantile, tonnes_quantile on headline_cells, or headline_between.
    """

    cell: str = key("stream/country/month, as in headline_cells")
    draw: int = key("number of the draw; the same number is the same world in every cell")
    usd: float = column("what reached the DPRK side in this draw and month, whole dollars")
    tonnes: float = column("tonnes sold in this draw and month; null for streams of work", ge=0)
    person_years: float = column(
        "workers in this draw and month, over twelve; null for goods", unit="person-years"
    )
