"""One party under many spellings; a reviewer above all."""

import datetime as dt

import polars as pl
import pytest

from pipelines.network.entities import (
    documented_usd,
    from_lists,
    list_keys_of,
    merge,
    parties_frame,
)
from pipelines.network.resolution import (
    SAME_SCORE,
    decide,
    exact_pairs,
    join_parties,
    latin_forms,
    name_pairs,
    person_pairs,
    romanise_mccune,
    romanise_revised,
    skeleton,
)


def precision_recall(
    proposed: pl.DataFrame, labelled: pl.DataFrame, *, least: float
) -> dict[str, float]:
    """How well names alone find pairs that a key or a person has labelled.

    Args:
        proposed: from `name_pairs` over the labelled parties.
        labelled: left_id, right_id of the true pairs; every other pair is false.
        least: score from which a pair counts as proposed.

    Returns:
        n_true, n_proposed, n_hit, precision, recall.
    """
    true = labelled.select(
        left_id=pl.min_horizontal("left_id", "right_id"),
        right_id=pl.max_horizontal("left_id", "right_id"),
    ).unique()
    taken = proposed.filter(pl.col("score") >= least)
    hit = taken.join(true, on=["left_id", "right_id"], how="semi").height
    return {
        "n_true": true.height,
        "n_proposed": taken.height,
        "n_hit": hit,
        "precision": hit / taken.height if taken.height else float("nan"),
        "recall": hit / true.height if true.height else float("nan"),
    }


NO_DECISIONS = pl.DataFrame(
    schema={"left_id": pl.String, "right_id": pl.String, "decision": pl.String}
)


def party(name, kind="person", *, id_=None, source=None, **keys):
    names = [name] if isinstance(name, str) else name
    return {
        "party_id": id_ or names[0],
        "kind": kind,
        "names": names,
        "imo_number": keys.get("imo"),
        "registration_number": keys.get("registration"),
        "bic": keys.get("bic"),
        "list_key": keys.get("list_key"),
        "list_source": source,
        "birth_dates": None,
        "passport_numbers": None,
    }


def frame(*rows):
    return pl.DataFrame(
        list(rows),
        schema_overrides=dict.fromkeys(
            (
                "imo_number",
                "registration_number",
                "bic",
                "list_key",
                "list_source",
                "birth_dates",
                "passport_numbers",
            ),
            pl.String,
        ),
    )


def test_hangul_is_read_in_both_romanisations():
    assert romanise_revised("김수일") == "gim su il"
    assert romanise_mccune("조선") == "choson"
    assert romanise_mccune("김수일") == "kimsuil"
    assert romanise_mccune("대동") == "taedong"  # the second stop is voiced between vowels
    # and after m, n, ng and l, not after a stop
    voiced = ["감독", "신도", "명동", "물고기", "학교"]
    told = ["kamdok", "sindo", "myongdong", "mulgogi", "hakkyo"]
    assert [romanise_mccune(word) for word in voiced] == told


def test_hanzi_is_read_as_pinyin():
    assert "ma xiaohong" in latin_forms("马晓红")
    assert "dan dong yin hang" in latin_forms("丹东银行")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("choe song chol", "choi seong cheol"),
        ("ri jong won", "lee jong won"),
        ("kim kyong nam", "gim gyeong nam"),
        ("pak pong nam", "park bong nam"),
    ],
)
def test_spellings_of_one_sound_meet(left, right):
    assert skeleton(left) == skeleton(right)


def test_different_names_do_not_meet():
    assert skeleton("kim chol") != skeleton("kim song")


def test_names_across_scripts_are_proposed_and_best_first():
    found = name_pairs(
        frame(
            party("Ma Xiaohong", source="ofac_sdn"),
            party("马晓红", source="own"),
            party("Sun Wei", source="ofac_sdn", id_="sun"),
        )
    )
    assert found.select("left_id", "right_id").rows() == [("Ma Xiaohong", "马晓红")]


def test_ships_with_other_numbers_are_never_proposed():
    rows = frame(
        party("SAM JONG 1", "vessel", imo="8405311"), party("SAM JONG 1", "vessel", id_="b",
                                                            imo="7408873"),
        party("SAM JONG 2", "vessel", id_="c"),
    )  # fmt: skip
    pairs = {frozenset(row) for row in name_pairs(rows).select("left_id", "right_id").rows()}
    assert frozenset(("SAM JONG 1", "b")) not in pairs  # two hulls of one name
    assert frozenset(("SAM JONG 1", "c")) not in pairs  # a number in the name tells apart


def test_two_entries_of_one_list_are_two_parties():
    rows = frame(
        party("Kim Chol Min", id_="a", source="own"), party("Kim Chol Min", id_="b", source="own")
    )
    assert name_pairs(rows).height == 0


def test_an_issuer_key_joins_only_parties_of_one_kind():
    rows = frame(
        party("WISE HONEST", "vessel", imo="8905490"),
        party("Wise Honest", "vessel", id_="w", imo="8905490"),
        party("Owner Co", "organisation", list_key="UNSC:KPe.055"),
        party("Ship", "vessel", list_key="UNSC:KPe.055"),
    )
    assert exact_pairs(rows).select("left_id", "right_id", "basis").rows() == [
        ("WISE HONEST", "w", "imo_number")
    ]


def test_pairs_come_in_one_order_whatever_that_of_the_parties():
    rows = frame(
        *(
            party(f"{list_}{number:02d}", "organisation", registration=f"R{number}", source=list_)
            for list_ in ("un_sc", "ofac_sdn")
            for number in (7, 3, 11, 0, 5)
        ),
        party("ship", "vessel", imo="8905490", source="un_sc"),
        party("again", "vessel", imo="8905490", source="ofac_sdn"),
    )
    # the key that is looked at first, then the other
    assert exact_pairs(rows).select("left_id", "right_id").rows() == [
        ("again", "ship"),
        *((f"ofac_sdn{number:02d}", f"un_sc{number:02d}") for number in (0, 3, 5, 7, 11)),
    ]


def outcome_of(rows, decisions=NO_DECISIONS, usd=None, share=0.01):
    pairs = decide(
        exact_pairs(rows),
        name_pairs(rows),
        decisions,
        documented_usd=usd or {},
        review_share=share,
        kinds=dict(rows.select("party_id", "kind").iter_rows()),
    )
    return pairs


def test_organisations_merge_by_name_and_persons_wait():
    rows = frame(
        party("Korea Daesong Bank", "organisation", source="un_sc"),
        party("KOREA DAESONG BANK", "organisation", id_="k", source="ofac_sdn"),
        party("Kim Chol", source="un_sc"),
        party("KIM, Chol", id_="kim", source="ofac_sdn"),
    )
    by = {row[0]: row[1] for row in outcome_of(rows).select("left_id", "outcome").rows()}
    assert by["Korea Daesong Bank"] == "merged"
    assert by["KIM, Chol" if "KIM, Chol" in by else "Kim Chol"] == "waits"


def test_a_merge_that_moves_many_dollars_waits_even_on_a_key():
    rows = frame(
        party("A Trading", "organisation", id_="a", registration="1"),
        party("B Trading", "organisation", id_="b", registration="1"),
    )
    small = outcome_of(rows, usd={"a": 1e6, "b": 10.0})
    large = outcome_of(rows, usd={"a": 1e6, "b": 5e5})
    assert small["outcome"].to_list() == ["merged"]
    assert large["outcome"].to_list() == ["waits"]
    assert large["moved_share"].item() == pytest.approx(1 / 3)


def test_a_reviewer_joins_parts_and_can_take_it_back():
    rows = frame(
        party("Kim Chol", source="un_sc", id_="u"), party("Kim Chol", source="ofac_sdn", id_="o")
    )
    same = pl.DataFrame({"left_id": ["u"], "right_id": ["o"], "decision": ["same"]})
    apart = same.with_columns(decision=pl.lit("different"))
    assert outcome_of(rows, same)["outcome"].to_list() == ["merged"]
    assert outcome_of(rows, apart)["outcome"].to_list() == ["apart"]
    assert outcome_of(rows)["outcome"].to_list() == ["waits"]


def test_a_chain_does_not_join_what_a_reviewer_keeps_apart():
    pairs = pl.DataFrame(
        {
            "left_id": ["a", "b", "a"],
            "right_id": ["b", "c", "c"],
            "basis": ["name", "name", "reviewer"],
            "score": [99.0, 94.0, None],
            "outcome": ["merged", "merged", "apart"],
            "reason": ["", "", ""],
        }
    )
    parties = pl.DataFrame({"party_id": ["a", "b", "c"], "list_source": [None, None, None]})
    found = join_parties(parties, pairs, set())
    assert found.canonical == {"a": "a", "b": "a", "c": "c"}
    assert found.pairs["outcome"].to_list() == ["merged", "waits", "apart"]


def test_a_chain_of_likenesses_does_not_join_two_entries_of_one_list():
    # Korea Taesong Trading and Korea Daesong General Trading: alike, and listed apart
    pairs = pl.DataFrame(
        {
            "left_id": ["un-1", "eu-1", "eu-1"],
            "right_id": ["eu-1", "un-2", "own"],
            "basis": ["name", "sound", "list_key"],
            "score": [98.0, 97.0, 100.0],
            "outcome": ["merged", "merged", "merged"],
            "reason": ["", "", ""],
        }
    )
    parties = pl.DataFrame(
        {"party_id": ["un-1", "un-2", "eu-1", "own"], "list_source": ["un", "un", "eu", "own"]}
    )
    found = join_parties(parties, pairs, {"own"})
    assert found.canonical == {"un-1": "own", "eu-1": "own", "own": "own", "un-2": "un-2"}
    assert found.pairs["outcome"].to_list() == ["merged", "waits", "merged"]


def test_precision_and_recall_count_pairs():
    proposed = pl.DataFrame({"left_id": ["a", "a"], "right_id": ["b", "c"], "score": [95.0, 90.0]})
    truth = pl.DataFrame({"left_id": ["b", "d"], "right_id": ["a", "e"]})
    found = precision_recall(proposed, truth, least=90)
    assert (found["precision"], found["recall"]) == (0.5, 0.5)
    assert precision_recall(proposed, truth, least=93)["precision"] == 1.0


def own_tables():
    entities = pl.DataFrame(
        {
            "entity_id": ["ship", "firm"],
            "schema": ["Vessel", "Company"],
            "is_bank": [False, False],
            "stage": ["asset", "broker"],
            "name": ["WISE", "Firm"],
            "aliases": [None, "F;G"],
            "country_iso2": ["KP", "CN"],
            "city": [None, None],
            "imo_number": ["8905490", None],
            "registration_number": [None, None],
            "bic": [None, None],
            "topics": ["coal", "coal"],
            "bank_size_tier": [None, None],
            "total_assets_usd": [None, None],
            "total_assets_on": [None, None],
            "total_assets_source": [None, None],
            "note": [None, None],
            "list_key": [None, None],
            "list_source": ["own", "own"],
            "birth_dates": [None, None],
            "passport_numbers": [None, None],
        },
        schema_overrides={
            "total_assets_usd": pl.Float64,
            "total_assets_on": pl.Date,
            **dict.fromkeys(
                ("city", "registration_number", "bic", "bank_size_tier", "total_assets_source",
                 "note", "list_key", "birth_dates", "passport_numbers"),
                pl.String,
            ),
        },
    )  # fmt: skip
    links = pl.DataFrame(
        {
            "link_id": ["own-link", "ofac-tie", "twins", "own-other-link"],
            "source_id": ["firm", "ofac-2", "ship", "firm"],
            "target_id": ["ship", "ofac-1", "ofac-1", "ship"],
            "relation": ["vessel_operator", "associate", "associate", "owner"],
            "stream": ["coal", "general", "general", "coal"],
            "money": ["against", "none", "none", "none"],
        }
    )
    statements = pl.DataFrame(
        {"statement_id": ["s1", "s2", "s3"], "about": ["own-link", "ofac-tie", "twins"]}
    )
    return entities, links, statements


def test_merging_loses_no_statement():
    entities, links, statements = own_tables()
    more = entities.with_columns(
        entity_id=pl.Series(["ofac-1", "ofac-2"]), name=pl.Series(["WISE HONEST", "FIRM"]),
        list_key=pl.Series(["OFAC:1", "OFAC:2"]),
    )  # fmt: skip
    canonical = {"ofac-1": "ship", "ofac-2": "firm", "ship": "ship", "firm": "firm"}
    parties, ties, said = merge(
        pl.concat([entities, more]), links, statements, canonical, ["ofac-tie", "twins"]
    )
    assert parties["n_rows"].to_list() == [2, 2]
    ship = parties.filter(pl.col("entity_id") == "ship").row(0, named=True)
    assert (ship["name"], ship["aliases"], ship["list_key"]) == ("WISE", "WISE HONEST", "OFAC:1")
    assert ties["link_id"].to_list() == ["own-link", "own-other-link"]
    # the list's tie speaks for the first of our relations; the tie between two rows of the ship,
    # for the ship
    assert said["about"].to_list() == ["own-link", "own-link", "ship"]


def test_a_list_entry_that_names_two_ships_identifies_neither():
    entities, *_ = own_tables()
    two = pl.concat([entities, entities.head(1).with_columns(entity_id=pl.lit("other-ship"))])
    said = pl.DataFrame(
        {
            "about": ["ship", "other-ship", "firm"],
            "authority": ["UNSC"] * 3,
            "read_via": ["official_list"] * 3,
            "locator": ["KPe.055", "KPe.055", "KPe.055"],
        }
    )
    assert list_keys_of(said, two).rows() == [("firm", "UNSC:KPe.055")]


def real_lists(shared_dir):
    from pipelines.sources.eu_prk import read as eu
    from pipelines.sources.ofac import csv_read as ofac
    from pipelines.sources.un_sc import read as un_sc

    at = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    folder = shared_dir / "real"
    sdn = {
        name: (folder / "ofac_2019_01" / f"{file}.csv").read_bytes()
        for name, file in (
            ("sdn", "sdn"), ("add", "add"), ("alt", "alt"), ("comments", "sdn_comments"))
    }  # fmt: skip
    return [
        ofac.parse_csv_set(sdn.pop("sdn"), **sdn, retrieved_at=at),
        un_sc.parse((folder / "un" / "consolidated_2026-02-27.xml").read_bytes(), retrieved_at=at),
        eu.parse((folder / "eu" / "32017R1509.csv").read_bytes(), retrieved_at=at),
    ]


def test_real_lists_are_taken_in_whole(shared_dir, capsys):
    listings = real_lists(shared_dir)
    parties, aliases, links = (
        pl.concat([getattr(one, name) for one in listings])
        for name in ("parties", "aliases", "links")
    )
    dprk = parties.filter(pl.col("is_dprk") & ~pl.col("is_delisted"))
    entities, ties, statements = from_lists(parties, aliases, links)
    stated = links.filter(pl.col("is_dprk") & pl.col("target_list_id").is_not_null())
    counts = {
        one.edition.list_source: {
            "parties": one.parties.height,
            "dprk": one.parties.filter("is_dprk").height,
            "vessels": one.parties.filter(
                pl.col("is_dprk") & (pl.col("schema") == "Vessel")
            ).height,
            "banks": one.parties.filter(pl.col("is_dprk") & pl.col("is_bank")).height,
            "linked_to": one.links.filter("is_dprk").height,
        }
        for one in listings
    }
    with capsys.disabled():
        print(f"\nlists: {counts}")
    assert entities.height == dprk.height == entities["entity_id"].n_unique()
    assert statements.filter(pl.col("about").is_in(entities["entity_id"].implode())).height == (
        dprk.height
    )
    assert ties.height == stated.unique(["source_list_id", "target_list_id"]).height
    assert counts["ofac_sdn"]["vessels"] == 101
    assert counts["un_sc"]["dprk"] == 155
    assert counts["eu_prk"]["vessels"] == 75


def test_names_alone_find_what_keys_label(shared_dir, capsys):
    """Labels: entries of different lists that one cited party of ours stands on, and ships that
    share an IMO number. The matcher sees names only."""
    from pipelines.paths import REFERENCE_DIR
    from pipelines.reference_tables import parse_table
    from pipelines.schemas.network import NetworkStatements, StagedNetworkEntities

    own, said = (
        parse_table(
            (REFERENCE_DIR / file).read_bytes(),
            contract,
            source="t",
            file=file,
        ).kept
        for file, contract in (
            ("network_entities.csv", StagedNetworkEntities),
            ("network_statements.csv", NetworkStatements),
        )
    )
    listings = real_lists(shared_dir)
    entities, *_ = from_lists(
        *(
            pl.concat([getattr(one, name) for one in listings])
            for name in ("parties", "aliases", "links")
        )
    )
    of_key = dict(entities.select("list_key", "entity_id").iter_rows())
    labelled = []
    for keys in list_keys_of(said, own)["list_key"]:
        ids = sorted(of_key[key] for key in keys.split(";") if key in of_key)
        labelled += [(a, b) for place, a in enumerate(ids) for b in ids[place + 1 :]]
    frame_ = parties_frame(entities)
    by_imo = exact_pairs(
        frame_.select("party_id", "kind", "imo_number").filter(pl.col("kind") == "vessel")
    )
    labelled += by_imo.select("left_id", "right_id").rows()
    truth = pl.DataFrame(labelled, schema=["left_id", "right_id"], orient="row").unique()
    inside = set(truth["left_id"]) | set(truth["right_id"])
    told = {}
    for kind, least in (("person", 93), ("organisation", 93), ("vessel", 93)):
        rows = frame_.filter(
            (pl.col("kind") == kind) & pl.col("party_id").is_in(inside)
        ).with_columns(imo_number=pl.lit(None, dtype=pl.String))
        mine = truth.filter(pl.col("left_id").is_in(rows["party_id"].implode()))
        told[kind] = precision_recall(name_pairs(rows, least=80), mine, least=least)
    with capsys.disabled():
        print(f"\nnames against keys: {told}")
    assert told["person"]["precision"] >= 0.95
    assert told["person"]["recall"] >= 0.9
    assert told["organisation"]["precision"] >= 0.9
    assert told["organisation"]["recall"] >= 0.85
    assert told["vessel"]["precision"] >= 0.85


def people(*rows):
    """rows: id, list_source, name, birth_dates, passport_numbers, list_key."""
    return pl.DataFrame(
        [
            {
                "party_id": id_, "kind": "person", "names": names.split("|"),
                "list_source": source, "birth_dates": born, "passport_numbers": passport,
                "list_key": key,
            }
            for id_, source, names, born, passport, key in rows
        ],
        schema_overrides={
            "birth_dates": pl.String, "passport_numbers": pl.String, "list_key": pl.String,
        },
    )  # fmt: skip


def joined_as(*rows):
    found = person_pairs(people(*rows))
    return {(one["left_id"], one["right_id"]): one["basis"] for one in found.iter_rows(named=True)}


def test_a_passport_or_a_day_of_birth_joins_names_of_other_spelling():
    found = joined_as(
        ("u1", "un_sc", "HYON KWANG IL", "1961-05-27", None, None),
        ("o1", "ofac_sdn", "HYON, Gwang Il", "1961-05-27", None, None),
        ("u2", "un_sc", "HAN JANG SU", "1969-11-07", "745420176", None),
        ("o2", "ofac_sdn", "HAN, Jang Su", "1969-11-08", "745420176", None),
        # one name, another day: two persons
        ("u3", "un_sc", "KIM YONG CHOL", "1962-02-18", None, None),
        ("o3", "ofac_sdn", "KIM, Yong Chol", "1946-01-01", None, None),
        # one day, another name: two persons
        ("u4", "un_sc", "PAK MUN IL", "1965-01-01", None, None),
        ("o4", "ofac_sdn", "CHOE SOK MIN", "1965-01-01", None, None),
    )
    assert found == {("o1", "u1"): "birth_day", ("o2", "u2"): "passport"}


def test_a_year_alone_needs_the_same_name():
    found = joined_as(
        ("u1", "un_sc", "RI JE-SON", "1938", None, None),
        ("o1", "ofac_sdn", "RI, Je-Son", "1938", None, None),
        ("u2", "un_sc", "KIM CHOL NAM", "1970", None, None),
        ("o2", "ofac_sdn", "KIM, Chol Man", "1970", None, None),
        # one name and one year, but two whole days: two persons until somebody looks
        ("u3", "un_sc", "RI U'N SO'NG", "1969-07-22", None, None),
        ("o3", "ofac_sdn", "RI, U'n-so'ng", "1969-07-23", None, None),
    )
    assert found == {("o1", "u1"): "birth_year"}


def test_what_one_list_carries_over_is_its_original_unless_two_fit():
    one = ("e", "eu_prk", "Pak Han Se", None, None, "EU:XIII.A:49")
    assert joined_as(one, ("u", "un_sc", "PAK HAN SE", None, None, "UNSC:KPi.049")) == {
        ("e", "u"): "carried_over"
    }
    two = (
        ("u1", "un_sc", "PAK HAN SE", None, None, "UNSC:KPi.049"),
        ("u2", "un_sc", "PAK HAN SE", None, None, "UNSC:KPi.050"),
    )
    assert joined_as(one, *two) == {}
    # an annex of the EU's own carries nothing over
    own = ("e", "eu_prk", "Pak Han Se", None, None, "EU:XV.A:49")
    assert joined_as(own, two[0]) == {}


def test_two_persons_of_one_list_are_never_joined():
    assert (
        joined_as(
            ("o1", "ofac_sdn", "KIM, Chol", "1970-01-01", "123456789", None),
            ("o2", "ofac_sdn", "KIM, Chol", "1970-01-01", "123456789", None),
        )
        == {}
    )


def test_a_number_that_one_list_gives_to_two_firms_is_no_key():
    firms = pl.DataFrame(
        {
            "party_id": ["o1", "o2", "e1", "e2", "u2"],
            "kind": ["organisation"] * 5,
            "imo_number": ["5905801", "5905801", "5905801", "1234567", "1234567"],
            "list_source": ["ofac_sdn", "ofac_sdn", "eu_prk", "eu_prk", "un_sc"],
        }
    )
    assert exact_pairs(firms).select("left_id", "right_id").rows() == [("e2", "u2")]


def test_brackets_do_not_stand_between_two_names():
    pairs = name_pairs(
        frame(
            party("Korea Mining Development Trading Corporation (KOMID)", "organisation", id_="a"),
            party("Korea Mining Development Trading Corporation", "organisation", id_="b"),
        )
    )
    assert pairs.select("left_id", "right_id").rows() == [("a", "b")]
    assert pairs["score"].item() >= SAME_SCORE


def test_the_lists_own_cross_references_are_found(shared_dir, capsys):
    """Annex XIII of the EU regulation carries over the Council's list, entry by entry: every
    person and firm there has its original on the UN list."""
    listings = real_lists(shared_dir)
    entities, *_ = from_lists(
        *(
            pl.concat([getattr(one, name) for one in listings])
            for name in ("parties", "aliases", "links")
        )
    )
    rows = parties_frame(entities)
    exact = pl.concat([exact_pairs(rows), person_pairs(rows)]).unique(
        ["left_id", "right_id"], keep="first", maintain_order=True
    )
    pairs = decide(
        exact, name_pairs(rows), NO_DECISIONS, documented_usd={}, review_share=0.01,
        kinds=dict(rows.select("party_id", "kind").iter_rows()),
    )  # fmt: skip
    canonical = join_parties(rows, pairs, preferred=set()).canonical
    group: dict[str, set[str]] = {}
    for name, head in canonical.items():
        group.setdefault(head, set()).add(name)
    found = {"person": [], "organisation": []}
    for name, key, kind in (
        rows.filter(pl.col("list_key").str.contains(r"^EU:XIII\.[AB]:"))
        .select("party_id", "list_key", "kind")
        .iter_rows()
    ):
        if kind in found:
            # the annexes number persons as the Council does; so the original is known, or a firm's
            # is any UN firm, of which a wrong one would leave another without its own
            others = {one for one in group[canonical[name]] if one.startswith("un_sc")}
            found[kind].append((key, others))
    hit = {kind: sum(len(others) == 1 for _, others in rows_) for kind, rows_ in found.items()}
    with capsys.disabled():
        print(f"\nUN-EU: {hit} of { {kind: len(rows_) for kind, rows_ in found.items()} }")
    assert hit["organisation"] == len(found["organisation"]) == 75
    assert hit["person"] >= 79
    assert len(found["person"]) == 80
    originals = [one for rows_ in found.values() for _, others in rows_ for one in others]
    assert len(originals) == len(set(originals))  # no two copies of one original
    # the years of birth of whoever was joined agree, where both are known
    born = dict(rows.select("party_id", "birth_dates").iter_rows())
    for members in group.values():
        years = [{one[:4] for one in born[name].split(";")} for name in members if born[name]]
        for one in years:
            assert all(one & other for other in years), members


def test_every_listing_we_cite_is_of_the_party_we_say(shared_dir):
    """A list's entry that only names a firm in a person's reasons does not list the firm."""
    from pipelines.network.corrections import corrections_of, mend
    from pipelines.network.resolution import likeness
    from pipelines.paths import REFERENCE_DIR
    from pipelines.reference_tables import parse_table
    from pipelines.schemas import network as contracts

    def read(file, contract, mended=None):
        return parse_table(
            (REFERENCE_DIR / f"{file}.csv").read_bytes(),
            contract,
            source=file,
            file=f"{file}.csv",
            mend=mended,
        ).kept

    fixes = read("network_corrections", contracts.StagedNetworkCorrections)

    def fix(text):
        done = mend(text, corrections_of("network_statements", fixes), file="network_statements")
        return done.text, done.withdrawn

    said = read("network_statements", contracts.NetworkStatements, fix)
    own = read("network_entities", contracts.StagedNetworkEntities)
    names: dict[str, list[str]] = {}
    for listing, authority in zip(real_lists(shared_dir), ("OFAC", "UNSC", "EU"), strict=True):
        for frame_, column in ((listing.parties, "name"), (listing.aliases, "alias")):
            for list_id, name in frame_.select("list_id", column).iter_rows():
                names.setdefault(f"{authority}:{list_id}", []).append(name)
    listed = said.filter((pl.col("read_via") == "official_list") & (pl.col("kind") == "designated"))
    keys = list_keys_of(listed, own).join(
        own.select(about="entity_id", name="name", aliases="aliases"), on="about"
    )
    checked = 0
    for _, cited, name, aliases in keys.select("about", "list_key", "name", "aliases").iter_rows():
        for key in cited.split(";"):
            if key in names:
                checked += 1
                ours = [name, *(aliases or "").split(";")]
                assert likeness([one for one in ours if one], names[key]) >= 85, (name, key)
    assert checked > 200


def test_an_empty_key_is_no_key():
    rows = frame(
        party("One Co", "organisation", id_="a", list_key="UNSC:1;", imo=" "),
        party("Other Co", "organisation", id_="b", list_key="OFAC:2;", imo=" "),
    )
    assert exact_pairs(rows).height == 0


def test_names_of_persons_born_in_other_years_are_not_proposed():
    two = frame(
        party("Kim Chol Min", id_="a", source="un_sc"),
        party("KIM CHOL MIN", id_="b", source="ofac_sdn"),
    )
    for births, pairs in (
        (["1960-01-01", "1961-01-01"], 0),
        (["1960-01-01", "1960"], 1),
        # a year among several in common; nothing known of one of them
        (["1960;1964-05-05", "1964"], 1),
        (["1960-01-01", None], 1),
    ):
        assert name_pairs(two.with_columns(birth_dates=pl.Series(births))).height == pairs


def test_documented_dollars_are_those_of_sums_that_count():
    amounts = pl.DataFrame(
        {
            "parties": ["a;b", "a", "a"],
            "usd": [5.0, 2.0, 90.0],
            "held_back": [None, None, "not_income"],
        }
    )
    assert documented_usd(amounts) == {"a": 7.0, "b": 5.0}


def test_a_name_alike_by_sound_alone_scores_three_points_lower():
    same = name_pairs(
        frame(party("Pak Chol", id_="a", source="un_sc"), party("PAK CHOL", id_="b", source="own"))
    )
    assert same.select("basis", "score").row(0) == ("name", 100.0)
    sound = name_pairs(
        frame(party("Pak Chol", id_="a", source="un_sc"), party("Bak Jol", id_="b", source="own"))
    )
    assert sound.select("basis", "score").row(0) == ("sound", 97.0)
