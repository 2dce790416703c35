from pipelines.schemas.table import Table, column, key


class MissileTestsYearly(Table, source="network tables"):
    """Missiles counted per year, one row per source and count: sources disagree and all are
    kept.
    """

    count_id: str = key()
    year: int = column("calendar year")
    missiles: int = column("missiles counted")
    launch_events: int = column("days or events of launching")
    source: str = column("who counts, and what is in the count")
    url: str = column()
