"""Which rows are one party: exact keys first, then names across four scripts, then people.

Keys that an issuer gives once (a ship's IMO number, a company's registration, a bank's BIC, a
list's own entry number) join rows by themselves. Names only propose: Hanzi by their pinyin,
Hangul by both romanisations, and every romanised Korean name by a skeleton in which the
spellings of one sound meet. What a reviewer wrote in entity_decisions.csv stands above both, and
deleting the row there undoes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

# keys that settle identity by themselves
EXACT_KEYS = ("imo_number", "registration_number", "bic", "list_key")
# names of persons who share a passport, a day of birth, or a year of birth
LIKE_WITH_PASSPORT = 60.0
LIKE_WITH_DAY = 75.0
SAME_WITH_YEAR = 93.0
# EU annexes that carry over what the Security Council listed: every entry there has its original
_CARRIED_OVER = r"\bEU:(?:XIII|XIV)\b"
_ORIGINAL = "UNSC:"
PERSON_BASES = {
    "passport": "shares a passport number, and the names are alike",
    "birth_day": "born on one day, and the names are alike",
    "birth_year": "born in one year under one name",
    "carried_over": "one list carries this entry over from the other under one name",
}
# at or above: proposed as the same; measured on the lists' own cross-references
SAME_SCORE = 93.0
REVIEW_SCORE = 85.0
_ORGANISATIONS = frozenset({"LegalEntity", "Organization", "Company", "PublicBody"})

_INITIALS_RR = (
    "g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p",
    "h",
)  # fmt: skip
_MEDIALS_RR = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we",
    "wi", "yu", "eu", "ui", "i",
)  # fmt: skip
_FINALS_RR = (
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p",
    "t", "t", "ng", "t", "t", "k", "t", "p", "t",
)  # fmt: skip
_INITIALS_MR = (
    "k", "kk", "n", "t", "tt", "r", "m", "p", "pp", "s", "ss", "", "ch", "tch", "ch", "k", "t",
    "p", "h",
)  # fmt: skip
_VOICED_MR = {"k": "g", "t": "d", "p": "b", "ch": "j"}
_MEDIALS_MR = (
    "a", "ae", "ya", "yae", "o", "e", "yo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we",
    "wi", "yu", "u", "ui", "i",
)  # fmt: skip
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_HANZI = re.compile(r"[\u3400-\u9fff]")
_LEGAL_FORMS = re.compile(
    r"\b(?:co|company|corp|corporation|ltd|limited|llc|inc|plc|gmbh|ooo|pte|bhd|sdn|joint stock"
    r"|joint|jsc|the|of|and|dprk|democratic peoples? republic of korea|general|kp)\b"
)


def _syllables(text: str) -> list[tuple[int, int, int] | str]:
    out: list[tuple[int, int, int] | str] = []
    for letter in text:
        code = ord(letter) - 0xAC00
        if 0 <= code < 11172:
            out.append((code // 588, code % 588 // 28, code % 28))
        else:
            out.append(letter)
    return out


def romanise_revised(hangul: str) -> str:
    """Revised Romanisation, syllable by syllable (no assimilation): 김수일 → gim su il."""
    return " ".join(
        "".join((_INITIALS_RR[part[0]], _MEDIALS_RR[part[1]], _FINALS_RR[part[2]]))
        if isinstance(part, tuple)
        else part
        for part in _syllables(hangul)
        if part != " "
    )


def romanise_mccune(hangul: str) -> str:
    """McCune-Reischauer without diacritics; stops are voiced between vowels: 조선 → choson."""
    out: list[str] = []
    open_before = False
    for part in _syllables(hangul):
        if not isinstance(part, tuple):
            out.append(part)
            open_before = False
            continue
        first = _INITIALS_MR[part[0]]
        if open_before and part[0] in (0, 3, 7, 12):
            first = _VOICED_MR[first]
        out.append(first + _MEDIALS_MR[part[1]] + _FINALS_RR[part[2]])
        open_before = part[2] in (0, 4, 8, 16, 21)
    return "".join(out)


@lru_cache(maxsize=50_000)
def latin_forms(name: str) -> tuple[str, ...]:
    """A name in lower-case Latin letters, in every romanisation that applies."""
    forms: list[str] = []
    if _HANGUL.search(name):
        forms += [romanise_revised(name), romanise_mccune(name)]
    elif _HANZI.search(name):
        from pypinyin import lazy_pinyin

        syllables = lazy_pinyin(name)
        # a personal name is written surname, then the rest in one word
        forms += [" ".join(syllables), f"{syllables[0]} {''.join(syllables[1:])}"]
    else:
        forms.append(name)
    return tuple(dict.fromkeys(folded for form in forms if (folded := _fold(form))))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()
    plain = re.sub(r"['’‘`´]", "", plain)
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


@lru_cache(maxsize=100_000)
def skeleton(folded: str) -> str:
    """Spellings of one Korean sound under one letter: Ch'oe, Choe, Choi → joi; Ri, Lee, Yi → li.

    Coarse on purpose: it only proposes.
    """
    words = []
    for word in folded.split():
        word = {"lee": "li", "yi": "li", "rhee": "li", "kim": "gim", "park": "bak"}.get(word, word)
        word = word.replace("eo", "o").replace("eu", "u")
        word = word.replace("oo", "u").replace("ee", "i").replace("ou", "u")
        word = word.replace("sh", "s").replace("tch", "j").replace("ch", "j")
        word = word.replace("oe", "oi").replace("ui", "i").replace("ae", "e")
        word = word.translate(str.maketrans("kptr", "gbdl"))
        word = re.sub(r"(.)\1+", r"\1", word)
        words.append(word)
    return " ".join(words)


def bare(folded: str) -> str:
    """A company's name without its legal form and the words every North Korean firm carries."""
    stripped = re.sub(r"\s+", " ", _LEGAL_FORMS.sub(" ", folded)).strip()
    return stripped or folded


def kind_of(schema: str) -> str:
    """Person, organisation or vessel: rows of different kinds are never one party."""
    if schema in _ORGANISATIONS:
        return "organisation"
    return {"Person": "person", "Vessel": "vessel"}.get(schema, schema)


def exact_pairs(parties: pl.DataFrame) -> pl.DataFrame:
    """Pairs that share an issuer's key and are of one kind.

    Args:
        parties: party_id, kind, and the columns of EXACT_KEYS; a key column may hold several
            values parted by `;`.

    Returns:
        left_id, right_id, basis (the key), score 100. left_id < right_id; key after key, sorted.
    """
    out = []
    for key in EXACT_KEYS:
        if key not in parties.columns:
            continue
        held = (
            parties.select("party_id", "kind", value=pl.col(key).str.split(";"))
            .explode("value")
            .with_columns(pl.col("value").str.strip_chars().str.to_uppercase())
            .filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
            .unique()
        )
        if "list_source" in parties.columns:
            # a number that one list gives to two of its entries is no key to either
            held = held.join(parties.select("party_id", "list_source"), on="party_id")
            shared = (
                held.filter(pl.col("list_source") != "own")
                .group_by("kind", "value", "list_source")
                .agg(pl.len())
                .filter(pl.col("len") > 1)
            )
            held = held.join(shared, on=["kind", "value"], how="anti").drop("list_source")
        out.append(
            held.join(held, on=["kind", "value"], suffix="_right")
            .filter(pl.col("party_id") < pl.col("party_id_right"))
            .select(
                left_id="party_id",
                right_id="party_id_right",
                basis=pl.lit(key),
                score=pl.lit(100.0),
            )
            .sort("left_id", "right_id")
        )
    return pl.concat(out).unique(subset=["left_id", "right_id"], keep="first", maintain_order=True)


def names_without_acronyms(names: list[str]) -> list[str]:
    """Names, and each without what stands in brackets: KOMID is no part of its own long name."""
    bare_ = [re.sub(r"\s*\([^)]*\)\s*", " ", name).strip() for name in names]
    return list(dict.fromkeys([*names, *(name for name in bare_ if name)]))


def likeness(left: list[str], right: list[str]) -> float:
    """How alike two parties' best names are, 0 to 100, letters or sounds; words in any order."""
    ours, theirs = _forms(tuple(left)), _forms(tuple(right))
    return max(
        (
            max(fuzz.ratio(a, b), fuzz.ratio(c, d) - 3, fuzz.ratio(e, f) - 1)
            for a, c, e in ours
            for b, d, f in theirs
        ),
        default=0.0,
    )


@lru_cache(maxsize=50_000)
def _forms(names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Every Latin form of the names: words in order of letters; their sounds; without spaces."""
    forms = {form for name in names_without_acronyms(list(names)) for form in latin_forms(name)}
    return tuple(
        (
            " ".join(sorted(form.split())),
            " ".join(sorted(skeleton(form).split())),
            form.replace(" ", ""),
        )
        for form in sorted(forms)
    )


def person_pairs(parties: pl.DataFrame) -> pl.DataFrame:
    """Persons of different lists who share a passport, a day of birth or a year, and whose names
    are alike enough for that.

    A passport number or a day of birth weighs, a name of another spelling bends; a year alone
    needs the same name, and so does the entry that one list carries over from another. Where a
    list offers two candidates of equal standing for one person, neither is taken.

    Args:
        parties: party_id, kind, names, list_source, list_key, birth_dates and passport_numbers
            (ISO days or years, digits; parted by `;`).

    Returns:
        left_id, right_id, basis `passport`, `birth_day`, `birth_year` or `carried_over`, score.
    """
    people = parties.filter(pl.col("kind") == "person")
    name = dict(people.select("party_id", "names").iter_rows())

    def held(column: str, keep: str) -> pl.DataFrame:
        return (
            people.select("party_id", "list_source", value=pl.col(column).str.split(";"))
            .explode("value")
            .drop_nulls("value")
            .filter(pl.col("value").str.contains(keep))
            .unique()
        )

    days = held("birth_dates", r"^\d{4}-")
    years = held("birth_dates", r"^\d{4}").with_columns(pl.col("value").str.slice(0, 4)).unique()
    shared = {
        "passport": (held("passport_numbers", r"\d"), LIKE_WITH_PASSPORT),
        "birth_day": (days, LIKE_WITH_DAY),
        "birth_year": (years, SAME_WITH_YEAR),
    }
    born, in_year = (
        {party: set(values) for party, values in held_.group_by("party_id").agg("value").rows()}
        for held_ in (days, years)
    )
    found: dict[tuple[str, str], tuple[str, float]] = {}
    for basis, (frame, least) in shared.items():
        pairs = (
            frame.join(frame, on="value", suffix="_right")
            .filter(
                (pl.col("party_id") < pl.col("party_id_right"))
                & (pl.col("list_source") != pl.col("list_source_right"))
            )
            .select("party_id", "party_id_right")
            .unique(maintain_order=True)
        )
        for left, right in pairs.iter_rows():
            score = likeness(name[left], name[right])
            if score >= least and (left, right) not in found:
                # two whole days of birth that differ are two persons, whatever else they share
                if basis != "passport" and not _may_be_one(born, left, right):
                    continue
                found[left, right] = (basis, score)
    copies = people.filter(pl.col("list_key").fill_null("").str.contains(_CARRIED_OVER))
    originals = people.filter(pl.col("list_key").fill_null("").str.contains(_ORIGINAL))
    first = set(originals["party_id"])
    taken = {party for pair in found if first & set(pair) for party in pair}
    for copy in copies["party_id"]:
        if copy in taken:
            continue
        alike = sorted(
            (
                (likeness(name[copy], name[other]), other)
                for other in originals["party_id"]
                if _may_be_one(in_year, copy, other)
            ),
            reverse=True,
        )
        if (
            alike
            and alike[0][0] >= SAME_WITH_YEAR
            and (len(alike) == 1 or alike[1][0] < SAME_WITH_YEAR)
        ):
            score, other = alike[0]
            pair = (copy, other) if copy < other else (other, copy)
            found.setdefault(pair, ("carried_over", score))
    return _pairs((*pair, *told) for pair, told in sorted(found.items()))


def _may_be_one(known: dict[str, set[str]], left: str, right: str) -> bool:
    """Nothing known of either, or something known of both agrees."""
    one, other = known.get(left), known.get(right)
    return not one or not other or bool(one & other)


def name_pairs(parties: pl.DataFrame, *, least: float = REVIEW_SCORE) -> pl.DataFrame:
    """Pairs of one kind whose names agree, best first.

    The score is the better of two token-sort similarities: of the folded names, and, three
    points lower, of their sound skeletons. Rows with different IMO numbers or without a common
    year of birth are never proposed.

    Args:
        parties: party_id, kind, names (list of text); imo_number and birth_dates where known.
        least: lowest score kept.

    Returns:
        left_id, right_id, basis `name` or `sound`, score. Grain: the pair; left_id < right_id.
    """
    found = []
    for kind, group in parties.group_by("kind", maintain_order=True):
        ids: list[int] = []
        plain: list[str] = []
        for index, names in enumerate(group["names"].to_list()):
            forms = {
                form for name in names_without_acronyms(names or []) for form in latin_forms(name)
            }
            for form in sorted(forms):
                ids.append(index)
                plain.append(bare(form) if kind[0] == "organisation" else form)
        if len(plain) < 2:
            continue
        sounds = [skeleton(form) for form in plain]
        best: dict[tuple[int, int], tuple[float, str]] = {}
        for texts, discount, basis in ((plain, 0.0, "name"), (sounds, 3.0, "sound")):
            scores = process.cdist(
                texts,
                texts,
                scorer=fuzz.token_sort_ratio,
                score_cutoff=least + discount,
                dtype=np.uint8,
                workers=2,
            )
            rows, cols = np.nonzero(np.triu(scores, 1))
            for row, col in zip(rows.tolist(), cols.tolist(), strict=True):
                left, right = ids[row], ids[col]
                # one short word in common says nothing
                if left == right or min(len(texts[row]), len(texts[col])) < 5:
                    continue
                # SAM JONG 1 is not SAM JONG 2
                if re.findall(r"\d+", texts[row]) != re.findall(r"\d+", texts[col]):
                    continue
                pair = (min(left, right), max(left, right))
                score = float(scores[row, col]) - discount
                if score > best.get(pair, (0.0, ""))[0]:
                    best[pair] = (score, basis)
        names_of = group["party_id"].to_list()
        found += [
            (*sorted((names_of[a], names_of[b])), basis, score)
            for (a, b), (score, basis) in best.items()
        ]
    return _without_conflicts(_pairs(found), parties).sort(
        ["score", "left_id", "right_id"], descending=[True, False, False]
    )


def _pairs(rows: Iterable[tuple[str, str, str, float]]) -> pl.DataFrame:
    schema = {
        "left_id": pl.String, "right_id": pl.String, "basis": pl.String, "score": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def _without_conflicts(pairs: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    years = pl.col("birth_dates").str.extract_all(r"\b\d{4}(?:-\d\d-\d\d)?")
    facts = parties.select(
        "party_id",
        "imo_number",
        "list_source",
        born=years.list.eval(pl.element().str.slice(0, 4)),
    )
    both = pairs.join(facts, left_on="left_id", right_on="party_id", how="left").join(
        facts, left_on="right_id", right_on="party_id", how="left", suffix="_right"
    )
    # keys and birth dates must not differ, and one list gives one party one entry
    agree = (
        pl.col("born").list.set_intersection("born_right").list.len() > 0,
        pl.col("imo_number") == pl.col("imo_number_right"),
        pl.col("list_source") != pl.col("list_source_right"),
    )
    return both.filter(one.fill_null(value=True) for one in agree).select(pairs.columns)


def decide(
    exact: pl.DataFrame,
    proposed: pl.DataFrame,
    decisions: pl.DataFrame,
    *,
    documented_usd: dict[str, float],
    review_share: float,
    kinds: dict[str, str],
) -> pl.DataFrame:
    """What becomes of every pair, and why.

    A reviewer's `same` or `different` stands. Else an exact key merges, and for persons what
    `person_pairs` found; a name merges organisations and vessels at SAME_SCORE or more; persons
    share too few names for that and wait. A merge that moves more than `review_share` of all
    documented dollars waits, whatever its basis.

    Returns:
        left_id, right_id, basis, score, moved_share, outcome (`merged`, `waits`, `apart`),
        reason. Grain: the pair; in the order of `exact`, then of `proposed`, then of `decisions`.
    """
    total = sum(documented_usd.values())
    pair = ["left_id", "right_id"]
    pairs = pl.concat([exact, proposed.join(exact, on=pair, how="anti", maintain_order="left")])
    said = decisions.select(
        left_id=pl.min_horizontal("left_id", "right_id"),
        right_id=pl.max_horizontal("left_id", "right_id"),
        decision="decision",
    )
    ruled = said.join(pairs, on=pair, how="anti", maintain_order="left").select(
        "left_id", "right_id", basis=pl.lit("reviewer"), score=pl.lit(None, dtype=pl.Float64)
    )
    pairs = pl.concat([pairs, ruled]).join(said, on=pair, how="left", maintain_order="left")

    smaller = pl.min_horizontal(
        pl.col("left_id", "right_id").replace_strict(
            documented_usd, default=0.0, return_dtype=pl.Float64
        )
    )
    basis, decision = pl.col("basis"), pl.col("decision")
    # the first that holds decides
    cases = (
        (decision == "same", "merged", "a reviewer says the same"),
        (decision == "different", "apart", "a reviewer says different"),
        (decision == "unsure", "waits", "a reviewer is unsure"),
        (
            pl.col("moved_share") > review_share,
            "waits",
            "moves more of the documented dollars than may move unseen",
        ),
        *((basis == name, "merged", told) for name, told in PERSON_BASES.items()),
        (~basis.is_in(["name", "sound"]), "merged", "shares an issuer's key"),
        (pl.col("kind") == "person", "waits", "a name alone does not make two persons one"),
        (pl.col("score") >= SAME_SCORE, "merged", "the names agree"),
        (pl.lit(value=True), "waits", "the names agree only in part"),
    )
    return (
        pairs.with_columns(
            moved_share=smaller / total if total > 0 else pl.lit(0.0),
            kind=pl.col("left_id").replace_strict(kinds, default="?"),
        )
        .with_columns(
            outcome=pl.coalesce(pl.when(case).then(pl.lit(outcome)) for case, outcome, _ in cases),
            reason=pl.coalesce(pl.when(case).then(pl.lit(reason)) for case, _, reason in cases),
        )
        .drop("decision")
    )


@dataclass(frozen=True)
class Merged:
    """Which rows became one.

    Attributes:
        canonical: every party's id after merging.
        pairs: the pairs with their final outcome: a merge that would have joined what must stay
            apart waits instead.
    """

    canonical: dict[str, str]
    pairs: pl.DataFrame


def join_parties(parties: pl.DataFrame, pairs: pl.DataFrame, preferred: set[str]) -> Merged:
    """Join rows pair by pair, surest first, and refuse a join that a chain would make wrong.

    Keys and reviewers join first. A name then joins two groups only if no reviewer keeps members
    of them apart and if they do not both hold an entry of one list: a list gives one party one
    entry, so a chain of likenesses that says otherwise is wrong somewhere.

    Args:
        parties: party_id, list_source.
        pairs: from `decide`.
        preferred: ids that name their group, where it has one; else the least id does.
    """
    ids = parties["party_id"].to_list()
    source = dict(parties.select("party_id", "list_source").iter_rows())
    head = {name: name for name in ids}
    members = {name: [name] for name in ids}
    apart = {
        frozenset(row)
        for row in pairs.filter(pl.col("outcome") == "apart")
        .select("left_id", "right_id")
        .iter_rows()
    }
    by_name = pl.col("basis").is_in(["name", "sound"])
    ordered = pairs.with_row_index("__row").filter(pl.col("outcome") == "merged").sort(
        by_name, pl.col("score").fill_null(100.0), "left_id", "right_id",
        descending=[False, True, False, False],
    )  # fmt: skip
    refused: list[int] = []
    for row, left, right, basis in ordered.select(
        "__row", "left_id", "right_id", "basis"
    ).iter_rows():
        if left not in head or right not in head or head[left] == head[right]:
            continue
        one, other = members[head[left]], members[head[right]]
        kept_apart = any(frozenset((a, b)) in apart for a in one for b in other)
        lists = {source[name] for name in one} - {None}
        soft = basis in ("name", "sound", *PERSON_BASES)
        twice = soft and any(source[name] in lists for name in other)
        if kept_apart or twice:
            refused.append(row)
            continue
        into = head[left]
        for name in members.pop(head[right]):
            head[name] = into
            members[into].append(name)
    canonical = {}
    for group in members.values():
        first = min((name for name in group if name in preferred), default=min(group))
        canonical.update(dict.fromkeys(group, first))
    is_refused = pl.col("__row").is_in(refused)
    final = (
        pairs.with_row_index("__row")
        .with_columns(
            outcome=pl.when(is_refused).then(pl.lit("waits")).otherwise("outcome"),
            reason=pl.when(is_refused)
            .then(pl.lit("would join what a list or a reviewer keeps apart"))
            .otherwise("reason"),
        )
        .drop("__row")
    )
    return Merged(canonical, final)
