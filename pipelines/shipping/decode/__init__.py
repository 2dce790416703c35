"""Files of ship positions, whatever their form, in one set of columns.

The form is recognised by what is inside, never by a file's name:

- `nmea`: AIVDM sentences, plain or tag-blocked, single or multi-part
- `marinecadastre_2023`, `marinecadastre_2024`: the two column orders of the US coastal archive
- `danish_dma`: the Danish Maritime Authority's daily CSV
- `spire_csv`: satellite AIS with snake-case columns and ISO times
- `positions_parquet`: the project's own columns
- `gfw_messages`: positions as Global Fishing Watch's gap pipeline keeps them (JSON)
"""
