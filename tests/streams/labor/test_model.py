"""The density of overseas labor against one written by hand, and its rules on made-up figures."""

import datetime as dt

import jax
import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, t

from pipelines.inference.joint import CLASSES, Joint
from pipelines.paths import STREAMS_DIR
from pipelines.streams.labor.figures import evidence
from pipelines.streams.labor.model import HOSTS
from tests.streams.people_ledger import RATES, laplace, ledger, priors, row, worlds_of

HALTS = pl.read_csv(STREAMS_DIR / "labor" / "halts.csv", try_parse_dates=True)
YEARS = 24  # figures of each kind in the ledger of many


def joint_of(*rows, through=dt.date(2024, 12, 1), **changed):
    stated = priors("labor") | changed
    return Joint([evidence(ledger(*rows), stated, through=through, halts=HALTS, rates=RATES)])


ANCHORS = (
    row("pay", "gross_wage", 400, 2015, unit="USD/month"),
    row("share", "state_share", 0.7, 2015, kind="ratio", concept="unsaid"),
    row("money", "earnings_usd", 5e8, 2016, counterpart_iso3="WLD", concept="unsaid"),
)


@pytest.fixture(scope="module")
def many():
    """A China counted at 40,000 in 2016 by many roots, and as often by one; and a wild floor."""
    alone = [row(f"own-{i:02d}", "headcount", 40_001, 2016) for i in range(YEARS)]
    echoes = [row(f"echo-{i:02d}", "headcount", 40_001, 2016, root_id="one") for i in range(YEARS)]
    wild = {"kind": "lower_bound", "low": 30e6}
    floor = row("wild-part", "headcount", None, 2016, coverage="part", **wild)
    whole = row("wild-whole", "headcount", None, 2016, **wild)
    hosts = [
        row(f"told-{host}-{year}", "headcount", 5_000, year, counterpart_iso3=host)
        for host in ("CHN", "RUS", "KWT")
        for year in (2010, 2013, 2019)
    ]
    quotes = [
        row(f"told-pay-{host}-{year}", "gross_wage", 400, year, counterpart_iso3=host)
        for host in ("CHN", "RUS")
        for year in (2012, 2017)
    ]
    return joint_of(*ANCHORS, *alone, *echoes, floor, whole, *hosts, *quotes)


def without(joint, *prefixes, **changed):
    """The joint's data less the figures whose ids start so and those told, with other priors."""
    prefixes = ("told", *prefixes)
    ids = joint.read["observation_id"].to_list()
    data = joint.hidden([one for one in ids if one.startswith(prefixes)])
    told = {name: np.array(args, dtype=float) for name, args in changed.items()}
    data["labor"] = data["labor"] | {"priors": data["labor"]["priors"] | told}
    return data


def china_2016(joint, data):
    """Mode and standard deviation of log persons in China in the middle of 2016."""
    mode, spread = laplace(joint, "labor/people", data)
    knots = len(mode) // len(HOSTS)
    at = 15  # half-years since January 2009
    assert knots > at
    return mode[at], np.sqrt(spread[at, at])


def test_the_density_is_the_one_written_by_hand():
    joint = joint_of(
        *ANCHORS,
        row("n", "headcount", 40_000, 2016),
        row("world", "headcount", 90_000, 2018, counterpart_iso3="WLD", root_id="n"),
        row("dorm", "headcount", 30_000, 2021, coverage="part", **{"class": "desk"}),
    )
    density = joint.density
    theta = np.random.default_rng(5).normal(0, 0.5, size=density.size)
    v = {name: value[0] for name, value in density.named(theta[None]).items()}
    # every latent is a standard normal, but the biases of roots
    log_p = sum(
        (t(4) if name.startswith("root/") else norm).logpdf(value).sum()
        for name, value in v.items()
    )
    p = {name: np.array(args) for name, args in joint.data["labor"]["priors"].items()}
    g = joint.data["labor"]["figures"]

    def normal(name, of):
        return p[of][0] + p[of][1] * v[f"labor/{name}"]

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def of_host(name, host):
        return p.get(f"{name}_{host}", p[name])

    knots = len(g["elapsed"])
    strides = [(4 * i, 4 * i + 4) for i in range(len(g["pay_line"]))]

    def moved(edges, steps, knot, reference=15):
        """Steps between two knots, whole or in part, signed."""
        low, high = min(knot, reference), max(knot, reference)
        overlap = [max(0, min(high, b) - max(low, a)) / (b - a) for a, b in edges]
        return np.sign(knot - reference) * np.dot(overlap, steps)

    halves = [(i, i + 1) for i in range(knots - 1)]
    n, w, s = (np.zeros((len(HOSTS), knots)) for _ in range(3))
    for h, host in enumerate(HOSTS):
        steps = []
        for i in range(knots - 1):
            middle = dt.date(2009 + i // 2, 4 if i % 2 == 0 else 10, 1)
            if dt.date(2020, 1, 22) <= middle < dt.date(2023, 8, 27):
                mean, sd = p["fall_log"]
                steps.append(-np.exp(mean + sd * v["labor/fall"][g["fall"][h, i]]))
                continue
            share, scale = p["host_correlation"][0], p["step_sd.free"][0]
            if middle > dt.date(2023, 8, 27):
                scale = p["step_sd.reopened"][0]
            elif middle > dt.date(2017, 9, 11):
                scale = p["step_sd.leaving"][0]
            if host == "RUS" and middle > dt.date(2024, 1, 1):
                share, scale = 0.0, p["step_sd.recruiting"][0]
            own = g["own_scale"][g["own"][h, i]] * v["labor/step"][g["own"][h, i]]
            all_ = g["common_scale"][g["common"][i]] * v["labor/common_step"][g["common"][i]]
            steps.append(scale * (np.sqrt(1 - share) * own + np.sqrt(share) * all_))
        mean, sd = of_host("kept", host)
        gone = 1 - sigmoid(mean + sd * v["labor/kept"][h])
        haste = np.exp(p["haste_log_sd"][0] * v["labor/haste"][h])
        mean, sd = of_host("level", host)
        pay_mean, pay_sd = of_host("pay_level", host)
        pay = p["pay_stride_sd"][0] * v["labor/pay_step"][min(h, 2)]
        pay = pay + p["common_pay_stride_sd"][0] * v["labor/common_pay_step"]
        for k in range(knots):
            left = 1 - gone * g["elapsed"][k] ** haste
            n[h, k] = np.exp(mean + sd * v["labor/level"][h] + moved(halves, steps, k)) * left
            w[h, k] = np.exp(pay_mean + pay_sd * v["labor/pay_level"][h] + moved(strides, pay, k))
            share_step = p["share_stride_sd"][0] * v["labor/share_step"]
            own = p["host_share_sd"][0] * v["labor/host_share"][h, 0]
            s[h, k] = sigmoid(normal("share_level", "share_logit") + own
                              + moved(strides, share_step, k))  # fmt: skip
    reach = sigmoid(normal("reach", "reach_logit")
                    + p["host_reach_sd"][0] * v["labor/host_reach"])  # fmt: skip
    paid = sigmoid(normal("paid_part", "paid_logit"))
    who = p["who_counts_sd"][0] * v["labor/who_counts"]
    hearsay = p["hearsay_sd"][0] * v["labor/hearsay"]
    mix = p["sector_mix_sd"][0] * v["labor/sector_mix"]

    def year(values, first):
        """Mean over a calendar year of straight lines between half-yearly knots."""
        return (values[..., first] + 2 * values[..., first + 1] + values[..., first + 2]) / 4

    def lean(group, name, klass):
        is_wide = {"n": 0.0}.get(name, 0.0)
        at = joint.data["shared"]["groups"][f"labor.{group}"]
        place = list(at["roots"]).index(joint.roots.index(name))
        assert joint.data["shared"]["root_is_wide"][joint.roots.index(name)] == is_wide
        bias = 0.25 * v[f"root/labor.{group}"][place]
        c = CLASSES.index(klass)
        common = np.sqrt(0.5) * (v[f"class/labor.{group}"][c] + v["class/common"][c])
        return bias + at["class_sd"][c] * common

    def t4(site, centre):
        return t(4, centre, g[site]["error"][0]).logpdf(g[site]["value"][0])

    told = n * np.exp(np.where(np.arange(len(HOSTS)) == 0, hearsay, 0.0))[:, None]
    one = who + np.log(year(told[0], 14)) + lean("headcount", "n", "press")
    log_p += t(4, one, g["headcount"]["error"][0]).logpdf(g["headcount"]["value"][0])
    all_ = who + np.log(year(told.sum(axis=0), 18)) + lean("headcount", "n", "press")
    log_p += t(4, all_, g["headcount"]["error"][1]).logpdf(g["headcount"]["value"][1])
    dorm = who + np.log(year(told[0], 24)) + lean("headcount", "dorm", "desk")
    log_p += np.log(0.05 + 0.95 * norm.cdf((dorm - np.log(30_000)) / 0.2))
    gross = n * w
    each = mix + np.log(year(gross[0], 12) / year(n[0], 12))
    log_p += t4("per_worker", each + lean("pay", "pay", "press"))
    taken = year(gross[0] * s[0], 12) / year(gross[0], 12)
    # the source does not say whether it means what is taken or what arrives
    sent = year(gross[0] * s[0] * reach[0], 12) / year(gross[0], 12)
    weights = np.exp(v["labor/share_means"] * p["concept_logit"][1])
    log_p += np.log(
        sum(
            weight * np.exp(t4("share", np.log(of / (1 - of)) + lean("share", "share", "press")))
            for weight, of in zip(weights / weights.sum(), (taken, sent), strict=True)
        )
    )
    money = [gross, gross * s, gross * s * reach]
    weights = np.exp(v["labor/means"] * p["concept_logit"][1])
    weights = weights / weights.sum()
    log_p += np.log(
        sum(
            weight * np.exp(t4("total", np.log(12 * paid * year(of.sum(axis=0), 14))
                               + lean("total", "money", "press")))
            for weight, of in zip(weights, money, strict=True)
        )
    )  # fmt: skip
    assert float(jax.jit(density.log_density)(theta, joint.data)) == pytest.approx(log_p, abs=1e-4)


def test_nobody_enters_through_a_closed_border(many):
    worlds = worlds_of(many.density, 200, 3)
    people = worlds["labor/people"]
    shut = people[:, :, 22:30]  # knots of January 2020 to July 2023
    assert (np.diff(shut, axis=2) < 0).all()
    # and the test can fail: elsewhere stocks rise as well as fall
    assert (np.diff(people[:, 0, :17]) > 0).mean() == pytest.approx(0.5, abs=0.1)


def test_class_error_never_averages_away(many):
    few = without(many, "echo", "wild", *(f"own-{i:02d}" for i in range(4, YEARS)))
    full = without(many, "echo", "wild")
    p = priors("labor")
    floor = np.hypot(p["who_counts_sd"][0], p["class_sd.headcount.press"][0])
    assert china_2016(many, few)[1] > 0.8 * floor
    assert china_2016(many, full)[1] > 0.8 * floor
    # without common errors two dozen roots would settle it
    free = without(many, "echo", "wild", who_counts_sd=(1e-3,), hearsay_sd=(1e-3,))
    groups = free["shared"]["groups"]
    calm = {name: {**of, "class_sd": of["class_sd"] * 1e-3} for name, of in groups.items()}
    free["shared"] = {**free["shared"], "groups": calm}
    assert china_2016(many, free)[1] < 0.13


def test_one_root_is_one_witness(many):
    calm = {"who_counts_sd": (1e-3,), "hearsay_sd": (1e-3,)}

    def spread(*hidden):
        data = without(many, "wild", *hidden, **calm)
        groups = data["shared"]["groups"]
        no_class = {name: {**of, "class_sd": of["class_sd"] * 1e-3} for name, of in groups.items()}
        data["shared"] = {**data["shared"], "groups": no_class}
        return china_2016(many, data)[1]

    assert spread("own") > 1.7 * spread("echo")
    assert spread("own") > 0.8 * 0.25


def test_a_wild_floor_lifts_nothing_far(many):
    full = without(many, "echo", "wild")
    before, sd = china_2016(many, full)
    assert np.exp(before) == pytest.approx(40_001, rel=0.1)
    for kept in ("wild-part", "wild-whole"):
        other = "wild-whole" if kept == "wild-part" else "wild-part"
        after, _ = china_2016(many, without(many, "echo", other))
        # thirty million in China, said by somebody new
        assert abs(after - before) < sd


def told(data, site, value):
    """The data with other values at a site."""
    figures = dict(data["labor"]["figures"])
    figures[site] = figures[site] | {"value": np.asarray(value, dtype=float)}
    return data | {"labor": data["labor"] | {"figures": figures}}


def test_a_part_pushes_up_to_itself_and_no_further(many):
    # one count of 40,000: a crowd of one class would hold what it counts, whatever part is told
    but_one = ("echo", "wild-whole", *(f"own-{i:02d}" for i in range(1, YEARS)))
    data = without(many, *but_one)
    base, _ = china_2016(many, without(many, "wild", *but_one))
    pushed, _ = china_2016(many, told(data, "part", [np.log(60_000)]))
    assert base + 0.05 < pushed < np.log(60_000)
    below = told(data, "part", [np.log(500)])
    assert china_2016(many, below)[0] == pytest.approx(base, abs=1e-3)


def test_made_up_worlds_are_recovered(many):
    """Four worlds drawn from the prior, figures and all: pay lies where the fit says."""
    worlds = worlds_of(many.density, 4, 11)
    ids = many.read["observation_id"].to_list()
    hidden = [one for one in ids if one.startswith(("own", "echo", "wild"))]
    z = []
    for world in range(4):
        data = many.hidden(hidden)
        for site in ("headcount", "per_worker", "share", "total"):
            data = told(data, site, worlds[f"labor/{site}"][world])
        mode, spread = laplace(many, "labor/gross_wages_usd", data)
        truth = np.log(worlds["labor/gross_wages_usd"][world]).ravel()
        knots = len(truth) // len(HOSTS)
        for place in (2, 8, 15, knots + 8, knots + 15):
            z.append((truth[place] - mode[place]) / np.sqrt(spread[place, place]))
    z = np.array(z)
    assert (np.abs(z) < 1.645).mean() > 0.7
    assert np.abs(z).max() < 4.5
    assert 0.4 < z.std() < 1.8
