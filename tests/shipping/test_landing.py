"""Every row of a dropped file is kept or refused by a named rule, whatever the file's form."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyais.encode import encode_dict

from pipelines.shipping import landing
from pipelines.shipping.days import build_day, days_told, stale_days
from pipelines.shipping.decode.layouts import LAYOUTS
from pipelines.shipping.decode.recognise import UnknownFormat, recognise
from pipelines.shipping.landing import land_file
from pipelines.shipping.rules import load_rules
from tests.shipping.conftest import RECEIVED_AT

HEAD_2023 = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
    "Length,Width,Draft,Cargo,TransceiverClass"
)
HEAD_2024 = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,"
    "vessel_type,status,length,width,draft,cargo,transceiver"
)


# what a ship sends, before it is encoded
Sent = dict[str, str | float | bytes]


def flags_of(mask: int) -> list[str]:
    return [rule for rule, bit in load_rules().bits.items() if mask >> bit & 1]


HEAD_DANISH = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    "IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    "Destination,ETA,Data source type,A,B,C,D"
)
HEAD_SPIRE = (
    "timestamp,mmsi,msg_type,latitude,longitude,speed,course,heading,imo,name,call_sign,"
    "ship_type,draught,length,width"
)


def row_2023(**cells: str) -> str:
    row = {
        "MMSI": "412000001",
        "BaseDateTime": "2023-01-11T00:00:00",
        "LAT": "38.2",
        "LON": "121.5",
        "SOG": "9.0",
        "COG": "90.0",
        "Heading": "91.0",
        "VesselName": "EAST SEA",
        "IMO": "IMO9074729",
        "CallSign": "BABC",
        "VesselType": "70",
        "Status": "0",
        "Length": "120",
        "Width": "18",
        "Draft": "6.5",
        "Cargo": "70",
        "TransceiverClass": "A",
    }
    return ",".join((row | cells)[name] for name in HEAD_2023.split(","))


def csv_2023(*rows: str) -> str:
    return "\n".join([HEAD_2023, *rows]) + "\n"


def positions(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted(folder.glob("positions-*.parquet")))


def quarantine(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "quarantine.parquet")


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (csv_2023(row_2023()), "marinecadastre_2023"),
        (
            f"{HEAD_2024}\n412000001,2023-01-11 00:00:00,121.5,38.2,9.0,90.0,91,EAST SEA,9074729,"
            "BABC,70,0,120,18,6.5,70,A\n",
            "marinecadastre_2024",
        ),
        (
            f"{HEAD_DANISH}\n11/01/2023 00:00:00,Class A,412000001,38.2,121.5,Under way,,9.0,90.0,"
            "91,9074729,BABC,EAST SEA,Cargo,,18,120,GPS,6.5,NANPO,,AIS,,,,\n",
            "danish_dma",
        ),
        (
            f"{HEAD_SPIRE}\n2023-01-11T08:00:00+08:00,412000001,1,38.2,121.5,9.0,90.0,91,9074729,"
            "EAST SEA,BABC,Cargo,6.5,120,18\n",
            "spire_csv",
        ),
    ],
)
def test_same_report_in_every_csv_form_gives_the_same_position(land_text, content, form) -> None:
    report, folder = land_text(content, "any-name-at-all.dat")
    assert report.form == form
    assert (report.rows_in, report.rows_kept) == (1, 1)
    found = positions(folder).row(0, named=True)
    assert found["mmsi"] == 412000001
    assert found["t"] == 1673395200  # 2023-01-11T00:00:00Z
    assert (found["lon"], found["lat"]) == (121.5, 38.2)
    assert (found["sog_kn"], found["cog_deg"], found["draught_m"]) == (9.0, 90.0, 6.5)
    statics = pl.read_parquet(folder / "statics.parquet").row(0, named=True)
    assert (statics["imo_number"], statics["is_imo_valid"]) == (9074729, True)
    assert (statics["name"], statics["length_m"], statics["width_m"]) == ("EAST SEA", 120, 18)


def test_an_instant_without_zone_is_flagged_and_one_with_zone_is_not(land_text) -> None:
    naive, _ = land_text(csv_2023(row_2023()), "a.csv")
    zoned, _ = land_text(csv_2023(row_2023(BaseDateTime="2023-01-11T00:00:00Z")), "b.csv")
    assert naive.counts.get("time_naive") == 1
    assert "time_naive" not in zoned.counts


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"MMSI": "12345678901"}, "mmsi_invalid"),
        ({"MMSI": "ABC"}, "mmsi_invalid"),
        ({"MMSI": ""}, "mmsi_invalid"),
        ({"MMSI": "3669882"}, "base_station"),
        ({"MMSI": "992476001"}, "mmsi_not_a_ship"),
        ({"MMSI": "111232506"}, "mmsi_not_a_ship"),
        ({"BaseDateTime": ""}, "time_missing"),
        ({"BaseDateTime": "2023-02-30T00:00:00"}, "time_unparsable"),
        ({"BaseDateTime": "infinity"}, "time_unparsable"),
        ({"BaseDateTime": "1999-12-31T23:59:59"}, "time_before_ais"),
        ({"BaseDateTime": "2026-11-25T00:00:01"}, "time_in_future"),
        ({"LAT": ""}, "position_missing"),
        ({"LAT": "91"}, "position_not_available"),
        ({"LON": "181"}, "position_not_available"),
        ({"LAT": "-90.001"}, "position_out_of_range"),
        ({"LAT": "0", "LON": "0.0"}, "position_null_island"),
        ({"SOG": "fast"}, "value_unparsable"),
        ({"LAT": "nan"}, "value_unparsable"),
    ],
)
def test_a_refused_row_names_its_rule(land_text, cells, rule) -> None:
    report, folder = land_text(csv_2023(row_2023(), row_2023(**cells)))
    assert report.counts[rule] == 1
    assert (report.rows_in, report.rows_kept, report.rows_quarantined) == (2, 1, 1)
    refused = quarantine(folder).row(0, named=True)
    assert (refused["rule"], refused["line"]) == (rule, 3)
    assert refused["reason"] == load_rules().reasons[rule]


@pytest.mark.parametrize(
    ("cells", "rule", "column"),
    [
        ({"SOG": "102.3"}, "sog_not_available", "sog_kn"),
        ({"SOG": "60.1"}, "sog_implausible", "sog_kn"),
        ({"COG": "360"}, "cog_not_available", "cog_deg"),
        ({"Draft": "0"}, "draught_not_available", "draught_m"),
        ({"Heading": "511"}, "heading_not_available", None),
    ],
)
def test_a_sentinel_is_kept_as_missing_and_flagged(land_text, cells, rule, column) -> None:
    report, folder = land_text(csv_2023(row_2023(**cells)))
    found = positions(folder).row(0, named=True)
    assert report.rows_kept == 1
    assert report.counts[rule] == 1
    assert rule in flags_of(found["flags"])
    if column is not None:
        assert found[column] is None


def test_just_inside_the_limits_nothing_is_flagged(land_text) -> None:
    report, _ = land_text(
        csv_2023(row_2023(SOG="60", COG="359.9", Heading="359", Draft="0.1", LAT="38.2"))
    )
    assert set(report.counts) == {"time_naive"}


def test_exact_repeats_are_refused_and_conflicting_ones_flagged(land_text) -> None:
    report, folder = land_text(
        csv_2023(row_2023(), row_2023(LAT="38.2001"), row_2023(), row_2023(VesselName="OTHER"))
    )
    # the fourth row repeats the report; only its particulars differ, and those are kept
    assert report.counts["duplicate"] == 2
    assert report.counts["conflicting_report"] == 2
    assert report.rows_in == report.rows_kept + report.rows_quarantined == 4
    assert positions(folder)["line"].to_list() == [2, 3]
    assert pl.read_parquet(folder / "statics.parquet")["name"].to_list() == ["EAST SEA", "OTHER"]
    assert report.counts["identity_change"] == 2


def test_a_jump_out_and_back_is_spoofed_and_many_are_a_shared_number(land_text) -> None:
    def at(minute: int, lon: float) -> str:
        return row_2023(BaseDateTime=f"2023-01-11T00:{minute:02d}:00", LON=str(lon))

    lone, _ = land_text(csv_2023(*(at(m, 125.0 if m == 10 else 121.5) for m in range(20))), "a.csv")
    assert lone.counts["spoofed_position"] == 1
    assert "shared_mmsi" not in lone.counts

    # two hulls, 4 degrees apart, take turns under one number
    both, folder = land_text(
        csv_2023(*(at(m, 125.0 if m % 2 else 121.5) for m in range(20))), "b.csv"
    )
    assert both.counts["shared_mmsi"] == 18  # all but the first and the last have both neighbours
    assert positions(folder).height == 20


def test_impossible_speed_starts_above_sixty_knots(land_text) -> None:
    # 1 degree of latitude is 60.04 nm on this sphere; slack 0.1 km; half an hour at 60 kn is 30 nm
    slow = csv_2023(row_2023(), row_2023(BaseDateTime="2023-01-11T01:01:00", LAT="39.2"))
    fast = csv_2023(row_2023(), row_2023(BaseDateTime="2023-01-11T00:59:00", LAT="39.2"))
    assert "impossible_speed" not in land_text(slow, "slow.csv")[0].counts
    assert land_text(fast, "fast.csv")[0].counts["impossible_speed"] == 1


def test_points_well_inland_are_flagged_and_stay(land_text) -> None:
    report, folder = land_text(csv_2023(row_2023(LAT="39.9", LON="116.4"), row_2023()))
    assert report.counts["on_land"] == 1
    assert report.rows_kept == 2
    inland = positions(folder).filter(pl.col("lat") == 39.9)
    assert "on_land" in flags_of(inland["flags"][0])


def test_a_wrong_imo_check_digit_is_flagged(land_text) -> None:
    report, folder = land_text(csv_2023(row_2023(IMO="IMO9074720")))
    assert report.counts["imo_invalid"] == 1
    assert pl.read_parquet(folder / "statics.parquet")["is_imo_valid"].to_list() == [False]


def test_ragged_and_garbled_lines_keep_their_line_numbers(land_text) -> None:
    good = row_2023().encode()
    later = row_2023(BaseDateTime="2023-01-11T00:10:00").encode()
    content = b"\n".join([HEAD_2023.encode(), good, b"1,2,3", b"\xff\xfe," + good, later, b""])
    report, folder = land_text(content)
    assert (report.rows_in, report.rows_kept) == (4, 2)
    refused = quarantine(folder)
    assert refused["line"].to_list() == [3, 4]
    assert set(refused["rule"]) == {"unparsable_row"}
    assert positions(folder)["line"].to_list() == [2, 5]


@pytest.mark.parametrize(
    "name",
    [
        '=HYPERLINK("http://x","y")',
        "<script>alert(1)</script>",
        "A\u202eB",
        "cafe\u0301",
        "'); drop table x; --",
        "tab\there",
    ],
)
def test_hostile_names_stay_data(land_text, name) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    report, folder = land_text(csv_2023(row_2023(VesselName=quoted)))
    found = pl.read_parquet(folder / "statics.parquet").row(0, named=True)
    assert report.rows_kept == 1
    assert found["name_original"] == name
    assert found["name"] == ("caf\u00e9" if name.startswith("caf") else name)


def test_packed_files_land_as_the_plain_one(land_text, tmp_path) -> None:
    plain = csv_2023(row_2023()).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../escape.csv", plain)
    want = positions(land_text(plain, "a.csv")[1]).drop("file_sha")
    for name, content in (("b.gz", gzip.compress(plain)), ("c.zip", archive.getvalue())):
        assert positions(land_text(content, name)[1]).drop("file_sha").equals(want)
    assert not (tmp_path.parent / "escape.csv").exists()


def test_an_archive_of_several_files_is_refused(land_text) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.csv", csv_2023(row_2023()))
        packed.writestr("b.csv", csv_2023(row_2023()))
    with pytest.raises(UnknownFormat, match="holds 2 files"):
        land_text(archive.getvalue())


def test_an_unknown_form_says_what_was_found(land_text) -> None:
    with pytest.raises(
        UnknownFormat, match=r"dropped\.txt, line 1: none of the known forms.*speed_mph"
    ):
        land_text("ship,speed_mph\nx,1\n")
    with pytest.raises(UnknownFormat, match="empty"):
        land_text("  \n")


def test_a_file_that_lies_under_another_name_is_named_as_it_was_dropped(
    tmp_path: Path, land_mask_dir: Path
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.csv", csv_2023(row_2023()))
        packed.writestr("b.csv", csv_2023(row_2023()))
    # half a megabyte, cut off far behind what the form is told by
    packed_csv = gzip.compress(csv_2023(*[row_2023()] * 5_000).encode())
    for content, told in (
        (b"ship,speed_mph\nx,1\n", "may.csv, line 1: none of the known forms"),
        (b" \n", "may.csv is empty"),
        (b"\x1f\x8b123", "may.csv cannot be read: "),
        (archive.getvalue(), "may.csv: the archive holds 2 files"),
        (packed_csv[:-4], "may.csv cannot be unpacked: "),
    ):
        (tmp_path / "content").write_bytes(content)
        with pytest.raises(UnknownFormat) as refused:
            land_file(
                tmp_path / "content",
                tmp_path / "landed",
                name="may.csv",
                received_at=RECEIVED_AT,
                cache_dir=land_mask_dir,
            )
        assert str(refused.value).startswith(told)


def test_own_parquet_lands_and_a_foreign_one_is_refused(tmp_path, land_mask_dir) -> None:
    frame = pl.DataFrame(
        {
            "mmsi": [445000001, 445000001, None],
            "t": [1673395200, 1673395800, 1673395800],
            "lon": [125.0, float("nan"), 125.0],
            "lat": [38.0, 38.0, 38.0],
            "sog_kn": [0.0, 1.0, 1.0],
            "cog_deg": [0.0, 0.0, 0.0],
            "draught_m": [5.0, 5.0, 5.0],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    frame.drop("lon").with_columns(lat=pl.lit("x")).write_parquet(tmp_path / "b.parquet")
    report = land_file(
        tmp_path / "a.parquet",
        tmp_path / "landed",
        received_at=RECEIVED_AT,
        cache_dir=land_mask_dir,
    )
    assert report.counts == {"position_missing": 1, "mmsi_invalid": 1}
    assert report.rows_kept == 1
    with pytest.raises(ValueError, match=r"missing: lon; not numbers: lat"):
        land_file(
            tmp_path / "b.parquet",
            tmp_path / "landed",
            received_at=RECEIVED_AT,
            cache_dir=land_mask_dir,
        )


def tagged(sentence: str, at: int) -> str:
    block = f"s:x,c:{at}"
    check = 0
    for letter in block.encode():
        check ^= letter
    return f"\\{block}*{check:02X}\\{sentence}"


def test_nmea_single_and_multi_part_messages_with_tag_blocks(land_text) -> None:
    fix: Sent = {
        "msg_type": 1,
        "mmsi": 445000001,
        "lon": 125.4,
        "lat": 38.7,
        "speed": 3.1,
    } | {"course": 90.0, "heading": 90}
    ship: Sent = {
        "msg_type": 5,
        "mmsi": 445000001,
        "imo": 9074729,
        "shipname": "EAST SEA",
        "draught": 6.5,
        "to_bow": 100,
        "to_stern": 20,
        "to_port": 9,
        "to_starboard": 9,
        "ship_type": 70,
    }
    lines = [tagged(one, 1673395200) for one in encode_dict(fix)]
    lines += [tagged(one, 1673395260) for one in encode_dict(ship)]
    lines += [
        tagged(one, 1673395320000) for one in encode_dict(fix | {"speed": 3.2})
    ]  # milliseconds
    report, folder = land_text("\n".join(lines) + "\n")
    assert report.rows_in == 4  # the ship's particulars take two lines
    assert report.rows_kept == 4
    assert positions(folder)["t"].to_list() == [1673395200, 1673395320]
    assert positions(folder)["sog_kn"].to_list() == [3.1, 3.2]
    found = pl.read_parquet(folder / "statics.parquet").row(0, named=True)
    assert (found["imo_number"], found["draught_max_m"]) == (9074729, 6.5)
    assert (found["length_m"], found["width_m"]) == (120, 18)


def test_nmea_without_time_or_with_faults_is_refused_by_rule(land_text) -> None:
    fix: Sent = {
        "msg_type": 1,
        "mmsi": 445000001,
        "lon": 125.4,
        "lat": 38.7,
    }
    ship: Sent = {
        "msg_type": 5,
        "mmsi": 445000001,
        "imo": 9074729,
        "shipname": "EAST SEA",
    }
    plain = encode_dict(fix)[0]
    wrong = plain[:-1] + ("0" if plain[-1] != "0" else "1")
    lines = [
        plain,
        tagged(wrong, 1673395200),
        tagged(encode_dict(ship)[0], 1673395200),  # its second part never comes
        "!AIVDM,1,1,,B,,0*25",
        "# a comment",
        "$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76",
        "!AIVDM,1,2,,B,15,0*00",  # part 2 of 1
        tagged(encode_dict({"msg_type": 4, "mmsi": "004123456", "lon": 1.0, "lat": 1.0})[0], 1),
    ]
    report, _ = land_text("\r\n".join(lines) + "\r\n")
    assert report.rows_in == report.rows_quarantined == 8
    assert report.counts == {
        "time_missing": 1,
        "bad_checksum": 1,
        "incomplete_multipart": 1,
        "undecodable_payload": 1,
        "not_ais": 2,
        "broken_sentence": 1,
        "base_station": 1,
    }


def test_a_forged_tag_block_is_no_time(land_text) -> None:
    sentence = encode_dict({"msg_type": 1, "mmsi": 445000001, "lon": 125.4, "lat": 38.7})[0]
    report, _ = land_text(tagged(sentence, 1673395200).replace("c:1673", "c:1674") + "\n")
    assert report.counts.get("time_missing", 0) + report.counts.get("time_unparsable", 0) == 1


def test_landing_twice_changes_nothing(land_text) -> None:
    first, folder = land_text(csv_2023(row_2023()))
    before = (folder / "positions-000.parquet").stat().st_mtime_ns
    second, _ = land_text(csv_2023(row_2023()))
    assert first == second
    assert (folder / "positions-000.parquet").stat().st_mtime_ns == before


def test_a_day_gathers_files_and_counts_their_repeats_once(tmp_path, land_text) -> None:
    land_text(csv_2023(row_2023(), row_2023(MMSI="412000009"), row_2023(MMSI="412000005")), "a.csv")
    land_text(csv_2023(row_2023(), row_2023(BaseDateTime="2023-01-12T00:00:00")), "b.csv")
    landed, days = tmp_path / "landed", tmp_path / "positions"
    first = dt.date(2023, 1, 11)
    assert stale_days(landed, days) == [first, dt.date(2023, 1, 12)]
    day = build_day(landed, days, first, rows_per_bucket=2)
    assert (day.rows_in, day.rows_kept, day.repeated_between_files) == (4, 3, 1)
    files = sorted((days / "day=2023-01-11").glob("*.parquet"))
    ships = [pl.read_parquet(one)["mmsi"].to_list() for one in files]
    assert len(ships) == 2
    assert [ship for one in ships for ship in one] == [412000001, 412000005, 412000009]
    assert build_day(landed, days, first, rows_per_bucket=2) == day
    assert stale_days(landed, days) == [dt.date(2023, 1, 12)]
    # a late file makes its day stale, and no other
    build_day(landed, days, dt.date(2023, 1, 12))
    land_text(csv_2023(row_2023(MMSI="412000007")), "late.csv")
    assert stale_days(landed, days) == [first]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["2024-03-01"], "1 of 1 days (2024-03-01)"),
        (["2024-01-10", "2024-03-10"], "2 of 61 days (2024-01-10, 2024-03-10)"),
        (
            ["2024-01-02", "2024-01-03", "2024-01-01", "2024-01-05"],
            "4 of 5 days (2024-01-01 to 2024-01-03, 2024-01-05)",
        ),
    ],
)
def test_days_with_positions_are_told_as_spans(days: list[str], told: str) -> None:
    assert days_told(days) == told


def test_a_file_in_order_of_ships_is_held_in_no_larger_pieces(tmp_path, monkeypatch) -> None:
    """The first rows of such a file are of one ship, and tell nothing of the rest."""
    monkeypatch.setattr(landing, "ROWS_PER_RANGE", 30)
    reports = landing._Reports(tmp_path / "waiting")
    reports.ranges = 5
    for ship in range(10):
        lines = range(15 * ship, 15 * ship + 15)
        reports.add(pl.DataFrame({"mmsi": [412_000_000 + ship] * 15, "line": lines}))
    pieces = list(reports.by_range())
    assert max(piece.height for piece in pieces) <= 60
    assert pl.concat(pieces)["line"].to_list() == list(range(150))
    # whole ships, each in one piece
    assert sum(piece["mmsi"].n_unique() for piece in pieces) == 10
    assert not list((tmp_path / "waiting").iterdir())


@pytest.mark.parametrize("rows_at_once", [10_000, 7])
def test_a_file_that_waits_on_disk_lands_as_one_that_does_not(
    tmp_path, land_mask_dir, monkeypatch, rows_at_once
) -> None:
    monkeypatch.setattr(landing, "ROWS_PER_RANGE", 30)
    rows = [
        row_2023(
            MMSI=str(412000000 + n % 7), BaseDateTime=f"2023-01-{11 + n % 2}T00:{n % 60:02d}:00"
        )
        for n in range(150)
    ]
    file = tmp_path / "many.csv"
    file.write_text(csv_2023(*rows), encoding="utf-8")
    found = {}
    for name, most in (("whole", 10_000), ("cut", rows_at_once)):
        report = land_file(
            file,
            tmp_path / name,
            received_at=RECEIVED_AT,
            cache_dir=land_mask_dir,
            rows_at_once=most,
        )
        folder = tmp_path / name / report.sha256
        pieces = sorted(folder.glob("positions-*.parquet"))
        assert len(pieces) == (1 if most == 10_000 else 6)
        days = tmp_path / f"days-{name}"
        for day in stale_days(tmp_path / name, days):
            build_day(tmp_path / name, days, day)
        found[name] = [
            (report.counts, report.rows_kept, report.days),
            *(
                pl.read_parquet(days / f"day=2023-01-{day}" / "*.parquet").rows()
                for day in (11, 12)
            ),
        ]
    assert found["whole"] == found["cut"]


def test_rules_in_code_and_in_the_table_must_agree(tmp_path) -> None:
    table = load_rules().table
    short = tmp_path / "ais_rules.csv"
    table.filter(pl.col("rule") != "on_land").write_csv(short)
    with pytest.raises(ValueError, match="on_land"):
        load_rules(short)


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    layout=st.sampled_from(sorted(LAYOUTS)),
    rows=st.lists(st.lists(HOSTILE, min_size=1, max_size=20), max_size=6),
)
def test_no_csv_content_loses_a_row_or_crashes(tmp_path, land_mask_dir, layout, rows) -> None:
    form = LAYOUTS[layout]
    head = ",".join(dict.fromkeys([*form.header, *(one[0] for one in form.columns.values())]))
    content = "\n".join([head, *(",".join(row) for row in rows)])
    file = tmp_path / "fuzz.csv"
    file.write_bytes(content.encode())
    report = land_file(file, tmp_path / "fuzzed", received_at=RECEIVED_AT, cache_dir=land_mask_dir)
    assert report.rows_in == report.rows_kept + report.rows_quarantined


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    junk=st.lists(
        st.one_of(
            st.binary(max_size=90),
            st.from_regex(
                rb"\A!AIVDM,[1-3],[1-3],[0-9]?,[AB]?,[0-9A-Wa-w`]{0,60},[0-5]\*[0-9A-F]{2}\Z"
            ),
        ),
        max_size=8,
    )
)
# the decoder's own mark of a block's end, as a line of the file
@example(junk=[b"!AIVDM,1,1,,,0,0*16", b"\x00"])
def test_no_sentence_loses_a_line_or_crashes(tmp_path, land_mask_dir, junk) -> None:
    lines = [b"!AIVDM,1,1,,A,33P;Tw0tjBQO22:E7dm66DrB20UP,0*2E", *junk]
    content = b"\n".join(lines)
    file = tmp_path / "fuzz.nmea"
    file.write_bytes(content)
    if recognise(file) != "nmea":
        return
    report = land_file(file, tmp_path / "fuzzed", received_at=RECEIVED_AT, cache_dir=land_mask_dir)
    assert report.rows_in == sum(1 for line in content.split(b"\n") if line.strip())
    assert report.rows_in == report.rows_kept + report.rows_quarantined


@pytest.mark.parametrize(
    ("name", "rows_in", "kept"),
    [
        ("ais/marinecadastre_2023.csv", 1000, 998),
        ("ais/tag_blocked.nm4", 997, 962),
        ("ais/nmea_sample.txt", 898, 0),
        ("gfw/sample_messages.json", 84, 83),
    ],
)
def test_real_files_land_whole(shared_dir, tmp_path, land_mask_dir, name, rows_in, kept) -> None:
    report = land_file(
        shared_dir / "real" / name,
        tmp_path / "landed",
        received_at=RECEIVED_AT,
        cache_dir=land_mask_dir,
    )
    assert (report.rows_in, report.rows_kept) == (rows_in, kept)
    assert report.rows_in == report.rows_kept + report.rows_quarantined
