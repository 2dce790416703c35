from pipelines.schemas.table import Table, column, key


class DimCountry(Table, source="reference tables"):
    """Dimension: countries and groups of them, by the codes of column country_iso3 and its
    like.
    """

    country_iso3: str = key("ISO 3166-1 alpha-3, or a code of ours for several or none")
    country: str = column("English name", source="Unicode CLDR; groups: reference tables")
    country_iso2: str = column("ISO 3166-1 alpha-2; null for groups", source="Unicode CLDR")
    is_country: bool = column("false for groups and for what is not split by country")
