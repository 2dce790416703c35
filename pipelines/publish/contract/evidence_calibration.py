from pipelines.schemas.table import Table, column, key, probability, share


class EvidenceCalibration(Table, source="network tables"):
    """Judged grades of evidence against what later years confirmed, and how little that can
    refute.
    """

    about: str = key("relations or parties")
    class_: str = key("class of statement", alias="class")
    rank: int = column("order of trust")
    grade: float = share()
    grade_low: float = share()
    grade_high: float = share()
    n_links: int = column("assertions of the class no higher class had made before", ge=0)
    n_confirmed: int = column("of them, later made by a higher class", ge=0)
    confirmed_share: float = share()
    confirmed_share_low: float = share()
    confirmed_share_high: float = share()
    n_with_second_body: int = column("assertions that a second body also makes", ge=0)
    is_consistent: bool = column("the grade is not below the confirmed share’s lower end")
    power_too_low: float = probability()
    power_too_high: float = probability(
        "the same for a grade 0.2 above the truth: none, since silence refutes nothing"
    )
    standing: str = column()
