from pipelines.schemas.table import Table, column, key


class EvidenceCalibration(Table):
    """Judged grades of evidence against what later years confirmed, and how little that can
    refute.
    """

    class Config:
        metadata = {"source": "network tables"}

    about: str = key("relations or parties")
    class_: str = key("class of statement", alias="class")
    rank: int = column("order of trust")
    grade: float = column(
        "judged probability that an assertion of the class is right", unit="share", ge=0, le=1
    )
    grade_low: float = column("10% point of the judgment", unit="share", ge=0, le=1)
    grade_high: float = column("90% point of the judgment", unit="share", ge=0, le=1)
    n_links: int = column("assertions of the class no higher class had made before", ge=0)
    n_confirmed: int = column("of them, later made by a higher class", ge=0)
    confirmed_share: float = column(
        "n_confirmed over n_links: a floor, since silence refutes nothing", unit="share", ge=0, le=1
    )
    confirmed_share_low: float = column(
        "lower end of the 90% Jeffreys interval", unit="share", ge=0, le=1
    )
    confirmed_share_high: float = column("upper end", unit="share", ge=0, le=1)
    n_with_second_body: int = column("assertions that a second body also makes", ge=0)
    is_consistent: bool = column("the grade is not below the confirmed share’s lower end")
    power_too_low: float = column(
        "chance that this check would refute a grade 0.2 below the truth",
        unit="probability",
        ge=0,
        le=1,
    )
    power_too_high: float = column(
        "the same for a grade 0.2 above the truth: none, since silence refutes nothing",
        unit="probability",
        ge=0,
        le=1,
    )
    standing: str = column("judged: the grades are judgments and nothing more")
