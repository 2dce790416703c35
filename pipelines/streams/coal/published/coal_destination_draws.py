from pipelines.schemas.table import Table, column, key


class CoalDestinationDraws(Table):
    """Joint draws of where the coal goes: use the macro coal_tonnes_to, which joins them to the
    tonnes of the same draw.
    """

    class Config:
        metadata = {
            "made_as": "estimates.coal_destination_draws",
            "source": "estimates",
            "is_file_published": False,
        }

    destination_iso3: str = key("country of destination, XXX any other")
    year: int = key("year", unit="calendar year")
    draw: int = key("number of the draw; the same number is the same world as in cell_draws")
    share: float = column(
        "share of the year's tonnes in this draw; shares of one draw and year add to 1",
        unit="share",
        ge=0,
        le=1,
    )
