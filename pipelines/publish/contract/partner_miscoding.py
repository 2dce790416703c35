from pipelines.schemas.table import Table, column, key


class PartnerMiscoding(Table):
    """Chance, per reporter and year, that trade declared with North Korea is South Korean, from
    the basket of goods.
    """

    class Config:
        metadata = {"source": "facts.miscoding"}

    reporter_iso3: str = key("who declared", source="staged.country_codes")
    year: int = key("year of the declarations", source="staged.comtrade")
    n_chapters: int = column(
        "HS chapters with imports declared from North Korea",
        unit="count",
        source="staged.comtrade",
        ge=0,
    )
    value_usd: float = column(
        "imports declared from North Korea, all chapters, as declared",
        unit="USD",
        source="staged.comtrade",
    )
    p_miscoded: float = column(
        "chance that the line is South Korean trade; null where it cannot be told",
        unit="probability",
        ge=0,
        le=1,
    )
    p_miscoded_low: float = column("lowest over the priors tried", unit="probability", ge=0, le=1)
    p_miscoded_high: float = column("highest over the priors tried", unit="probability", ge=0, le=1)
    basis: str = column("what the probability rests on, or why there is none")
