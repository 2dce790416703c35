from pipelines.schemas.table import Table, column, key


class StreamMeasures(
    Table, made_as="estimates.stream_measures", source="each folder of pipelines/streams"
):
    """What is measured of each stream, and which measure stands in which total."""

    stream: str = key("as in table streams", source="estimates")
    measure: str = key("name used in every table")
    label: str = column("what it is")
    is_gross_income: bool = column("counted as gross_income_usd: what buyers and employers pay")
    is_state_income: bool = column("counted as state_income_usd: what reaches the DPRK side")
