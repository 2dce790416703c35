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


SDN_XML = b"""<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>11/20/2026</Publish_Date><Record_Count>3</Record_Count>
  </publshInformation>
  <sdnEntry><uid>101</uid><lastName>EXAMPLE TRADING CO., LTD.</lastName><sdnType>Entity</sdnType>
    <remarks>(Linked To: EXAMPLE CREDIT BANK)</remarks>
    <programList><program>DPRK3</program><program>NPWMD</program></programList>
    <idList>
      <id><uid>1</uid><idType>Company Number</idType><idNumber>IMO 5342883</idNumber></id>
      <id><uid>2</uid><idType>Secondary sanctions risk:</idType>
        <idNumber>North Korea Sanctions Regulations, sections 510.201 and 510.210</idNumber></id>
    </idList>
    <akaList><aka><uid>3</uid><type>a.k.a.</type><category>weak</category>
      <lastName>EXTRA</lastName></aka></akaList>
    <addressList><address><uid>4</uid><address1>1 Example Street</address1><city>Dandong</city>
      <country>China</country></address></addressList>
  </sdnEntry>
  <sdnEntry><uid>102</uid><firstName>Max</firstName><lastName>MUSTER</lastName>
    <title>Representative</title><sdnType>Individual</sdnType>
    <programList><program>NPWMD</program></programList>
  </sdnEntry>
  <sdnEntry><uid>103</uid><lastName>EXAMPLE STAR</lastName><sdnType>Vessel</sdnType>
    <programList><program>DPRK4</program></programList>
    <idList><id><uid>5</uid><idType>Vessel Registration Identification</idType>
      <idNumber>IMO 9074729</idNumber></id>
      <id><uid>6</uid><idType>MMSI</idType><idNumber>445000001</idNumber></id></idList>
    <vesselInfo><callSign>ABCD</callSign><vesselType>General Cargo</vesselType>
      <vesselFlag>North Korea</vesselFlag><tonnage>9038</tonnage>
      <grossRegisteredTonnage>4000</grossRegisteredTonnage></vesselInfo>
  </sdnEntry>
</sdnList>
"""


def _party(number: int, kind: int, name: str, features: str = "", more: str = "") -> str:
    return f"""
    <DistinctParty FixedRef="{number}"><Comment/><Profile ID="{number}" PartySubTypeID="{kind}">
      <Identity ID="{number + 7000}" FixedRef="{number}" Primary="true" False="false">
        <Alias FixedRef="{number}" AliasTypeID="1403" Primary="true" LowQuality="false">
          <DocumentedName ID="1" FixedRef="{number}" DocNameStatusID="1"><DocumentedNamePart>
            <NamePartValue NamePartGroupID="1" ScriptID="215">{name}</NamePartValue>
          </DocumentedNamePart></DocumentedName></Alias>{more}
      </Identity>{features}</Profile></DistinctParty>"""


ADVANCED_XML = f"""<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns=
"https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML">
  <DateOfIssue CalendarTypeID="1"><Year>2026</Year><Month>11</Month><Day>20</Day></DateOfIssue>
  <ReferenceValueSets>
    <AliasTypeValues><AliasType ID="1400">A.K.A.</AliasType><AliasType ID="1401">F.K.A.</AliasType>
      <AliasType ID="1403">Name</AliasType></AliasTypeValues>
    <AreaCodeValues><AreaCode ID="9" CountryID="11080" Description="Korea, North">KP</AreaCode>
    </AreaCodeValues>
    <CountryValues><Country ID="11080">Korea, North</Country><Country ID="11070">China</Country>
    </CountryValues>
    <FeatureTypeValues><FeatureType ID="3">VESSEL FLAG</FeatureType>
      <FeatureType ID="1">VESSEL CALL SIGN</FeatureType><FeatureType ID="25">Location</FeatureType>
      <FeatureType ID="504">Secondary sanctions risk:</FeatureType>
      <FeatureType ID="13">SWIFT/BIC</FeatureType></FeatureTypeValues>
    <IDRegDocTypeValues><IDRegDocType ID="1626">Vessel Registration Identification</IDRegDocType>
      <IDRegDocType ID="91264">MMSI</IDRegDocType></IDRegDocTypeValues>
    <LocPartTypeValues><LocPartType ID="1454">CITY</LocPartType>
      <LocPartType ID="1451">ADDRESS1</LocPartType></LocPartTypeValues>
    <PartySubTypeValues><PartySubType ID="1" PartyTypeID="3">Vessel</PartySubType>
      <PartySubType ID="3" PartyTypeID="2">Unknown</PartySubType>
      <PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType></PartySubTypeValues>
    <PartyTypeValues><PartyType ID="1">Individual</PartyType><PartyType ID="2">Entity</PartyType>
      <PartyType ID="3">Transport</PartyType></PartyTypeValues>
    <RelationTypeValues><RelationType ID="15003">Owned or Controlled By</RelationType>
    </RelationTypeValues>
    <SanctionsTypeValues><SanctionsType ID="1">Program</SanctionsType>
      <SanctionsType ID="1705">Block</SanctionsType></SanctionsTypeValues>
  </ReferenceValueSets>
  <Locations>
    <Location ID="501"><LocationCountry CountryID="11070" CountryRelevanceID="1"/>
      <LocationPart LocPartTypeID="1454"><LocationPartValue Primary="true"><Value>Dandong</Value>
      </LocationPartValue></LocationPart></Location>
    <Location ID="502"><LocationCountry CountryID="11080" CountryRelevanceID="1"/></Location>
  </Locations>
  <IDRegDocuments>
    <IDRegDocument ID="1" IDRegDocTypeID="1626" IdentityID="7103">
      <IDRegistrationNo>IMO 9074729</IDRegistrationNo></IDRegDocument>
    <IDRegDocument ID="2" IDRegDocTypeID="91264" IdentityID="7103">
      <IDRegistrationNo>445000001</IDRegistrationNo></IDRegDocument>
  </IDRegDocuments>
  <DistinctParties>{
    _party(
        101,
        3,
        "EXAMPLE TRADING CO., LTD.",
        '<Feature ID="1" FeatureTypeID="25"><FeatureVersion ID="1">'
        '<VersionLocation LocationID="501"/></FeatureVersion></Feature>'
        '<Feature ID="2" FeatureTypeID="504"><FeatureVersion ID="2"><VersionDetail>North Korea '
        "Sanctions Regulations, sections 510.201 and 510.210</VersionDetail></FeatureVersion>"
        "</Feature>",
        '<Alias FixedRef="101" AliasTypeID="1400" Primary="false" LowQuality="true">'
        '<DocumentedName ID="2"><DocumentedNamePart><NamePartValue>EXTRA</NamePartValue>'
        "</DocumentedNamePart></DocumentedName></Alias>",
    )
}{_party(102, 4, "MUSTER Max")}{
    _party(
        103,
        1,
        "EXAMPLE STAR",
        '<Feature ID="3" FeatureTypeID="3"><FeatureVersion ID="3">'
        '<VersionLocation LocationID="502"/>'
        '</FeatureVersion></Feature><Feature ID="4" FeatureTypeID="1"><FeatureVersion ID="4">'
        "<VersionDetail>ABCD</VersionDetail></FeatureVersion></Feature>",
    )
}
  </DistinctParties>
  <ProfileRelationships>
    <ProfileRelationship ID="1" From-ProfileID="103" To-ProfileID="101" RelationTypeID="15003"
      Former="false" SanctionsEntryID="103"><Comment/></ProfileRelationship>
  </ProfileRelationships>
  <SanctionsEntries>
    <SanctionsEntry ID="101" ProfileID="101" ListID="1550">
      <EntryEvent ID="1" EntryEventTypeID="1"><Comment/><Date><Year>2017</Year><Month>8</Month>
        <Day>22</Day></Date></EntryEvent>
      <SanctionsMeasure ID="1" SanctionsTypeID="1705"/>
      <SanctionsMeasure ID="2" SanctionsTypeID="1"><Comment>DPRK3</Comment></SanctionsMeasure>
      <SanctionsMeasure ID="3" SanctionsTypeID="1"><Comment>NPWMD</Comment></SanctionsMeasure>
    </SanctionsEntry>
    <SanctionsEntry ID="102" ProfileID="102" ListID="1550">
      <EntryEvent ID="2" EntryEventTypeID="1"><Date><Year>2018</Year><Month>1</Month><Day>24</Day>
        </Date></EntryEvent>
      <SanctionsMeasure ID="4" SanctionsTypeID="1"><Comment>NPWMD</Comment></SanctionsMeasure>
    </SanctionsEntry>
    <SanctionsEntry ID="103" ProfileID="103" ListID="1550">
      <EntryEvent ID="3" EntryEventTypeID="1"><Date><Year>2018</Year><Month>2</Month><Day>23</Day>
        </Date></EntryEvent>
      <SanctionsMeasure ID="5" SanctionsTypeID="1"><Comment>DPRK4</Comment></SanctionsMeasure>
    </SanctionsEntry>
  </SanctionsEntries>
</Sanctions>
""".encode()

ENTITIES = b"""\
{"id": "ship-1", "schema": "Vessel", "caption": "EXAMPLE STAR", "properties": \
{"name": ["EXAMPLE STAR"], "imoNumber": ["IMO9074729"], "flag": ["kp"], "owner": ["firm-1"]}}
{"id": "firm-1", "schema": "Company", "caption": "Example Trust", "properties": \
{"name": ["Example Trust", "ET"], "topics": ["fin.bank"]}}
{"id": "link-1", "schema": "UnknownLink", "properties": \
{"subject": ["firm-1"], "object": ["ship-1"], "role": ["manager"]}}
"""
