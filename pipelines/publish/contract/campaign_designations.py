import datetime as dt

from pipelines.schemas.table import Table, column, key


class CampaignDesignations(
    Table, made_as="network.campaign_designations", source="dated statements and events"
):
    """Designations by month, body, program, type and country; a listing under several programs
    counts under each.
    """

    month: dt.date = key("month of the designation", unit="first day of month")
    authority: str = key("body")
    program: str = key("program")
    schema: str = key("FollowTheMoney schema")
    country_iso2: str = key("country of the party, or unknown")
    parties: int = column("parties designated")
