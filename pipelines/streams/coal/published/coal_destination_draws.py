from pipelines.schemas.table import Table, key, share


class CoalDestinationDraws(
    Table, made_as="estimates.coal_destination_draws", source="estimates", is_file_published=False
):
    """Joint draws of where the coal goes: use the macro coal_tonnes_to, which joins them to the
    tonnes of the same draw.
    """

    destination_iso3: str = key()
    year: int = key("year", unit="calendar year")
    draw: int = key("number of the draw; the same number is the same world as in cell_draws")
    share: float = share(
        "share of the year's tonnes in this draw; shares of one draw and year add to 1"
    )
