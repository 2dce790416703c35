"""Synthetic lists in the publishers' own forms, for tests; nobody in them exists."""

from __future__ import annotations

N = "-0- "

SDN_ROWS = (
    f'101,"EXAMPLE TRADING CO., LTD.",{N},"DPRK3] [NPWMD",{N},{N},{N},{N},{N},{N},{N},'
    '"Secondary sanctions risk: North Korea Sanctions Regulations, sections 510.201 and 510.210; '
    'Company Number IMO 5342883."',
    f'102,"MUSTER, Max","individual","NPWMD","Representative",{N},{N},{N},{N},{N},{N},'
    '"DOB 01 Jan 1970; Secondary sanctions risk: North Korea Sanctions Regulations; '
    'Linked To: EXAMPLE TRADING CO., LTD."',
    f'103,"EXAMPLE STAR","vessel","DPRK4",{N},"ABCD","General Cargo","9,038","4,000",'
    f'"Democratic People\'s Republic of Korea",{N},'
    '"Vessel Registration Identification IMO 9074729; Linked To: EXAMPLE TRADING CO., LTD."',
    f'104,"EXAMPLE CREDIT BANK",{N},"DPRK3",{N},{N},{N},{N},{N},{N},{N},'
    "\"SWIFT/BIC EXMPKPPY; a.k.a. 'ECB'.\"",
    f'105,"CAFÉ OTHER, S.A.",{N},"CUBA",{N},{N},{N},{N},{N},{N},{N},{N}',
)
ADD_ROWS = (
    f'101,1,"1 Example Street","Dandong","China",{N}',
    f'105,2,{N},"Havana","Cuba",{N}',
)
ALT_ROWS = (f'101,11,"aka","EXAMPLE TRADING",{N}', f'103,12,"fka","OLD STAR",{N}')
COMMENT_ROWS = ('102,"; nationality Korea, North."',)


def csv_of(rows: tuple[str, ...], *, is_last_line_open: bool = True) -> bytes:
    """A file as the list service sends it: Windows-1252, often without a last newline."""
    text = "\r\n".join(rows) + ("" if is_last_line_open else "\r\n\x1a")
    return text.encode("cp1252")


def sdn_set(rows: tuple[str, ...] = SDN_ROWS) -> dict[str, bytes]:
    """The four files of an edition."""
    return {
        "sdn": csv_of(rows, is_last_line_open=False),
        "add": csv_of(ADD_ROWS),
        "alt": csv_of(ALT_ROWS),
        "comments": csv_of(COMMENT_ROWS, is_last_line_open=False),
    }


UN_XML = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z">
  <INDIVIDUALS>
    <INDIVIDUAL>
      <DATAID>1</DATAID><VERSIONNUM>1</VERSIONNUM>
      <FIRST_NAME>MAX</FIRST_NAME><SECOND_NAME>MUSTER</SECOND_NAME>
      <UN_LIST_TYPE>DPRK</UN_LIST_TYPE><REFERENCE_NUMBER>KPi.901 </REFERENCE_NUMBER>
      <LISTED_ON>2016-03-02</LISTED_ON><COMMENTS1>Nobody.</COMMENTS1>
      <NATIONALITY><VALUE>Democratic People's Republic of Korea</VALUE></NATIONALITY>
      <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ADDRESS><COUNTRY/></INDIVIDUAL_ADDRESS>
    </INDIVIDUAL>
  </INDIVIDUALS>
  <ENTITIES>
    <ENTITY>
      <DATAID>2</DATAID><VERSIONNUM>1</VERSIONNUM>
      <FIRST_NAME>EXAMPLE TRADING</FIRST_NAME>
      <UN_LIST_TYPE>DPRK</UN_LIST_TYPE><REFERENCE_NUMBER>KPe.901 </REFERENCE_NUMBER>
      <LISTED_ON>2018-03-30-05:00</LISTED_ON>
      <COMMENTS1>Ship manager. IMO number: 5342883.</COMMENTS1>
      <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>OLD; OLDER</ALIAS_NAME></ENTITY_ALIAS>
      <ENTITY_ADDRESS><CITY>Dandong</CITY><COUNTRY>China</COUNTRY></ENTITY_ADDRESS>
    </ENTITY>
    <ENTITY>
      <DATAID>3</DATAID><VERSIONNUM>1</VERSIONNUM>
      <FIRST_NAME>OTHER FRONT</FIRST_NAME>
      <UN_LIST_TYPE>Iran</UN_LIST_TYPE><REFERENCE_NUMBER>IRe.901</REFERENCE_NUMBER>
      <LISTED_ON>2008-03-03</LISTED_ON><COMMENTS1/>
      <ENTITY_ALIAS><QUALITY/><ALIAS_NAME/></ENTITY_ALIAS>
    </ENTITY>
  </ENTITIES>
</CONSOLIDATED_LIST>
"""


def eu_csv(columns: list[str], rows: list[dict[str, str]] | None = None) -> bytes:
    """The annexes' table; cells not given are empty."""
    given = rows or [
        {
            "recordId": "1", "annex": "XIII.A", "schema": "Person", "name": "Max Muster",
            "startDate": "2.3.2016", "alias": "Mux; Mix", "nationality": "DPRK.",
        },
        {
            "annex": "XIV.B", "schema": "Vessel", "name": "Example Star",
            "imoNumber": "9074729", "startDate": "5.8.2017",
        },
        {
            "annex": "XIV.B", "schema": "Vessel", "name": "Ghost", "imoNumber": "Does not exist",
            "startDate": "",
        },
    ]  # fmt: skip
    base = {"celex": "32017R1509", "programKey": "EU-PRK", "measure": "Asset freeze"}
    lines = [",".join(columns)]
    for row in given:
        cells = {**base, **row}
        lines.append(
            ",".join('"' + cells.get(name, "").replace('"', '""') + '"' for name in columns)
        )
    return "\n".join(lines).encode()
