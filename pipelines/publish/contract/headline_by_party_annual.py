from pipelines.schemas.table import Table, column, key


class HeadlineByPartyAnnual(
    Table, source="attribution_annual", references={"stream": "dim_stream", "party_id": "dim_party"}
):
    """Where the trail of the money ends by the documents, a row a stream, year and party; one
    party, UNATTRIBUTED, holds what no document places. Rows never overlap and add up to the
    headline. A party at a trail's end is not thereby accused: legal_status says who states
    what.
    """

    stream: str = key("stream")
    year: int = key("complete calendar year", unit="calendar year")
    party_id: str = key("party whose trail ends there, or UNATTRIBUTED")
    party: str = column("its name as the source prints it", source="dim_party")
    stage: str = column("place in the chain of money")
    ended_mean_usd: float = column(
        "mean of the dollars whose trail ends there: adds up over parties, streams and years"
    )
