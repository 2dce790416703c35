from pipelines.schemas.table import Table, given, key


class CoalDestinationBasis(Table, table="estimates.coal_destination_basis", source="figures"):
    """On how many roots the split of a year's tonnes over destinations rests."""

    year: int = key()
    destination_iso3: str = key()
    n_roots: int = given(ge=0)
    is_assumption: bool = given()
