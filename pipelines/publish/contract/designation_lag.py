import datetime as dt

from pipelines.schemas.table import Table, column, key


class DesignationLag(
    Table, made_as="network.designation_lag", source="dated statements and events"
):
    """Months from the first public official allegation to designation; correspondent banks and
    contested namings left out.
    """

    entity_id: str = key("the party")
    name: str = column("its name")
    schema: str = column("FollowTheMoney schema")
    alleged_on: dt.date = column("first dated official allegation, charge or finding")
    alleged_by: str = column("its body")
    alleged_as: str = column("its kind")
    designated_on: dt.date = column("first designation, null while waiting")
    designated_by: str = column("its body")
    settled_by: str = column(
        "final_rule, convicted, sentenced or forfeited: nobody waits for a designation then"
    )
    is_designated: bool = column("designated by now")
    is_date_known: bool = column("false where only a list edition dates the designation")
    lag_months: float = column("from allegation to designation")
    waiting_months: float = column(
        "from allegation to the latest statement on file, while not designated"
    )
