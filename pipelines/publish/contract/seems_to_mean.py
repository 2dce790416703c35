from pipelines.schemas.table import Table, column, key, share


class SeemsToMean(Table, source="figures"):
    """What a source that does not say what its number measures seems to mean."""

    stream: str = key("as in table streams", source="estimates")
    observation_id: str = key()
    root_id: str = column("root of who said it")
    source_title: str = column("document it was read in")
    concept: str = key("a thing the number may measure", source="estimates")
    weight: float = share("chance that it is this one, given all else", source="joint draws")
