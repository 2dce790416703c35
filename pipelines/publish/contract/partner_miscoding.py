from pipelines.schemas.table import Table, column, key, probability


class PartnerMiscoding(Table, source="facts.miscoding"):
    """Chance, per reporter and year, that trade declared with North Korea is South Korean, from
    the basket of goods.
    """

    reporter_iso3: str = key(source="staged.country_codes")
    year: int = key("year of the declarations", source="staged.comtrade")
    n_chapters: int = column(
        "HS chapters with imports declared from North Korea",
        unit="count",
        source="staged.comtrade",
        ge=0,
    )
    value_usd: float = column(
        "imports declared from North Korea, all chapters, as declared", source="staged.comtrade"
    )
    p_miscoded: float = probability(
        "chance that the line is South Korean trade; null where it cannot be told"
    )
    p_miscoded_low: float = probability("lowest over the priors tried")
    p_miscoded_high: float = probability("highest over the priors tried")
    basis: str = column("what the probability rests on, or why there is none")
