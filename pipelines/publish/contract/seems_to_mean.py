from pipelines.schemas.table import Table, column, key


class SeemsToMean(Table):
    """What a source that does not say what its number measures seems to mean."""

    class Config:
        metadata = {"source": "figures"}

    stream: str = key("as in table streams", source="estimates")
    observation_id: str = key("id of the statement")
    root_id: str = column("root of who said it")
    source_title: str = column("document it was read in")
    concept: str = key("a thing the number may measure", source="estimates")
    weight: float = column(
        "chance that it is this one, given all else", unit="share", source="joint draws", ge=0, le=1
    )
