from pipelines.schemas.table import Table, column, key


class EvidenceByComponent(Table, source="estimates"):
    """What a year's income is made of, how much of its uncertainty each part holds, and whether
    anybody speaks of that part in that year. For the total, parts are named stream:
    component.
    """

    stream: str = key("as in table streams; total adds them within each draw")
    year: int = key("year of the income", unit="calendar year")
    component: str = key()
    grade: str = column(
        "this_year where a root speaks of it in the year, within_two_years, or none",
        source="figures",
    )
    variance_share: float = column(source="joint draws")
    n_roots: int = column(
        "root origins that speak of it in that year", unit="roots", source="figures", ge=0
    )
