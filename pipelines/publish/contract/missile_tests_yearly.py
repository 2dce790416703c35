from pipelines.schemas.table import Table, column, key


class MissileTestsYearly(Table):
    """Missiles counted per year, one row per source and count: sources disagree and all are
    kept.
    """

    class Config:
        metadata = {"source": "network tables"}

    count_id: str = key("id of the count")
    year: int = column("calendar year")
    missiles: int = column("missiles counted")
    launch_events: int = column("days or events of launching")
    source: str = column("who counts, and what is in the count")
    url: str = column("where it was read")
