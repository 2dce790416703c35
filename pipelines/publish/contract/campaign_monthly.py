import datetime as dt

from pipelines.schemas.table import Table, column, key


class CampaignMonthly(
    Table, made_as="network.campaign_monthly", source="dated statements and events"
):
    """The campaign clock: designations, tests, Council acts and statements beside the income."""

    month: dt.date = key("month", unit="first day of month")
    designations: int = column(
        "parties and vessels designated that month, once per body: day by day the "
        "largest of what the body’s list dates, what its government announced, and what "
        "our statements date"
    )
    designations_us: int = column("by OFAC")
    designations_un: int = column("by the Security Council")
    designations_eu: int = column("by the EU")
    designations_rok: int = column("by South Korea")
    designations_japan: int = column("by Japan")
    designations_uk: int = column("by the United Kingdom")
    designations_in_network: int = column("of the designations, parties of this network")
    designations_us_in_network: int = column("of those by OFAC, parties of this network")
    designations_un_in_network: int = column(
        "of those by the Security Council, parties of this network"
    )
    designations_eu_in_network: int = column("of those by the EU, parties of this network")
    designations_rok_in_network: int = column("of those by South Korea, parties of this network")
    designations_japan_in_network: int = column("of those by Japan, parties of this network")
    designations_uk_in_network: int = column(
        "of those by the United Kingdom, parties of this network"
    )
    designated_persons: int = column("of the parties of this network, persons")
    designated_vessels: int = column("of the parties of this network, vessels")
    designated_banks: int = column("of the parties of this network, banks")
    designations_12m: int = column("designations of the twelve months to this one")
    missile_test_events: int = column("missile tests, launch events")
    nuclear_tests: int = column("nuclear tests")
    satellite_launches: int = column("satellite launches")
    un_resolutions: int = column("Security Council resolutions")
    unsc_meetings: int = column("Council meetings noted")
    us_designation_rounds: int = column("US rounds of designations")
    other_designation_rounds: int = column("rounds by others")
    enforcement_actions: int = column("court and agency actions")
    joint_statements: int = column("joint statements")
    joint_statement_countries: int = column("countries that joined a statement that month")
    income_usd_q05: float = column(
        "5% point of the month’s income, all streams added within a draw", source="estimates"
    )
    income_usd_q50: float = column(
        "median of the month’s income, all streams added within a draw", source="estimates"
    )
    income_usd_q95: float = column(
        "95% point of the month’s income, all streams added within a draw", source="estimates"
    )
