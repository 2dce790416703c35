from pipelines.schemas.table import Table, column, key


class ValueOfInformation(Table, made_as="estimates.value_of_information", source="estimates"):
    """What to collect next: how far each obtainable datum would be expected to narrow a year's
    90% interval.
    """

    stream: str = key("as in table streams")
    year: int = key("year of the income", unit="calendar year")
    datum: str = key("what could be obtained", source="reference table of obtainable data")
    expected_width_ratio: float = column(
        "expected width of the 90% interval with the datum over its width now; 1 means no gain",
        unit="share",
        source="draws of the model",
        ge=0,
    )
    rank: int = column("1 narrows the year most", source="draws of the model")
