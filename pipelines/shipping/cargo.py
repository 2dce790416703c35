"""Draught to tonnes: how much a hull took on, with its uncertainty.

Formulas as the World Bank's Lebanon and Syria Economic Monitors publish them, after IMF WP/21/225:
displacement is block coefficient x length x beam x draught x density, and the block coefficient
itself falls as a ship rises out of the water. Inverting that one ratio, as an early public notebook
did, understates a loading by an eighth; a constant coefficient by a fourteenth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.draws import QUANTILES
from pipelines.paths import REFERENCE_DIR
from pipelines.reference_tables import read_table
from pipelines.schemas.figures import FeedPriors

Floats = NDArray[np.float64]
PRIORS_FILE = REFERENCE_DIR / "feed_priors.csv"
_MINE = "ships."


@dataclass(frozen=True)
class Prior:
    """A distribution and its arguments; feed_priors.csv says what it rests on."""

    distribution: str
    args: tuple[float, ...]

    @property
    def value(self) -> float:
        """The number of a fixed parameter."""
        return self.args[0]

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Samples.

        Raises:
            ValueError: an unknown distribution.
        """
        first = self.args[0]
        if self.distribution == "fixed":
            return np.full(shape, first)
        second = self.args[1]
        if self.distribution == "normal":
            return rng.normal(first, second, shape)
        if self.distribution == "beta_mean_sd":
            alpha, beta = beta_of(first, second)
            return rng.beta(alpha, beta, shape)
        if self.distribution == "lognormal_mean_sd":
            # the first argument is the mean itself, the second the spread of the logarithm
            return rng.lognormal(np.log(first) - second**2 / 2, second, shape)
        raise ValueError(f"unknown distribution {self.distribution!r} in {PRIORS_FILE.name}")


def beta_of(mean: float, sd: float) -> tuple[float, float]:
    """Parameters of the beta distribution with this mean and standard deviation.

    Raises:
        ValueError: no beta distribution is that wide.
    """
    size = mean * (1 - mean) / sd**2 - 1
    if not 0 < mean < 1 or size <= 0:
        raise ValueError(f"no beta distribution has mean {mean} and standard deviation {sd}")
    return mean * size, (1 - mean) * size


def load_priors(table: pl.DataFrame | None = None) -> dict[str, Prior]:
    """The priors of ship positions by name, without its "ships." before it.

    Args:
        table: `staged.feed_priors`; None for the table the repository carries.
    """
    if table is None:
        table = read_table(PRIORS_FILE, FeedPriors)
    return {
        row["parameter"].removeprefix(_MINE): Prior(
            row["distribution"],
            tuple(float(one) for one in row["args"].split(";")),
        )
        for row in table.iter_rows(named=True)
        if row["parameter"].startswith(_MINE)
    }


def block_coefficient(draught_m: Floats, design_draught_m: Floats, design: Floats) -> Floats:
    """Block coefficient at a draught: Cb(d) = 1 - (1 - Cb_des) (d_des / d)^(1/3), shares.

    It falls as draught falls: a hull is fuller near the waterline it was designed for.
    """
    return 1 - (1 - design) * np.cbrt(design_draught_m / draught_m)


def displacement_t(
    draught_m: Floats,
    *,
    length_m: Floats,
    beam_m: Floats,
    design_draught_m: Floats,
    design_block_coefficient: Floats,
    density_t_per_m3: float,
) -> Floats:
    """Weight of water displaced, tonnes: Disp(d) = Cb(d) L W d rho."""
    block = block_coefficient(draught_m, design_draught_m, design_block_coefficient)
    return block * length_m * beam_m * draught_m * density_t_per_m3


@dataclass(frozen=True)
class CargoDraws:
    """Cargo per departure and draw.

    Attributes:
        cargo_t: departures x draws, tonnes, given that the ship left laden.
        is_laden: departures x draws, whether it left laden with coal.
        dwt_t: departures x draws, deadweight, nan where the size is unknown.
        p_laden: per departure, the chance behind `is_laden`: evidence, or the prior's mean.
        method: per departure: displacement, load_factor or lot_prior.
    """

    cargo_t: Floats
    is_laden: NDArray[np.bool_]
    dwt_t: Floats
    p_laden: Floats
    method: list[str]


def _ships_of(mmsi: pl.Series) -> NDArray[np.int64]:
    """A number for the ship of each departure, from 0; without an MMSI a departure is a ship's own.

    Nothing tells two ships without one apart or makes them one: taken as one, they would share what
    is a ship's own, and their errors would not cancel.
    """
    known = mmsi.rank("dense").cast(pl.Int64)
    alone = mmsi.is_null().cast(pl.Int64).cum_sum() + mmsi.drop_nulls().n_unique()
    return known.zip_with(mmsi.is_not_null(), alone).to_numpy() - 1


def estimate_cargo(
    departures: pl.DataFrame, priors: Mapping[str, Prior], *, draws: int, seed: int
) -> CargoDraws:
    """Draw the cargo of each departure.

    With both draughts: what the hull sank by, plus the ballast it let go. With a size but no
    draughts: load factor x deadweight. With neither: the lot seen in transfers at sea. Half of each
    prior's variance is common to the fleet (one draw, one world), half a ship's own.

    Args:
        departures: length_m, beam_m, design_draught_m (largest ever sent), draught_in_m,
            draught_out_m, dwt_t (where a list gives it), p_laden (null where only the prior
            speaks), vessel_mmsi (null where a listed visit has none); nulls allowed in all.
        priors: `load_priors()`.
        draws: samples.
        seed: same seed, same numbers.

    Returns:
        CargoDraws, rows in the order of `departures`.
    """
    rng = np.random.default_rng(seed)
    count = departures.height
    ship_codes = _ships_of(departures["vessel_mmsi"])
    ships = int(ship_codes.max()) + 1 if count else 0

    def of_ships(name: str) -> Floats:
        """A prior for each departure: part common to the fleet, part the ship's own."""
        prior = priors[name]
        common = priors["shared_share"].value
        mean, sd = prior.args[0], prior.args[1]
        alpha, beta = beta_of(mean, sd * np.sqrt(common))
        fleet = rng.beta(alpha, beta, (1, draws))
        # a ship's own beta around the fleet's draw, with the rest of the variance on average
        size = mean * (1 - mean) / (sd**2 * (1 - common)) - 1
        return rng.beta(fleet * size, (1 - fleet) * size, (ships, draws))[ship_codes]

    def column(name: str) -> Floats:
        return departures[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[:, None]

    length, beam = column("length_m"), column("beam_m")
    design_cb = of_ships("block_coefficient_design")
    light_share = of_ships("lightship_share")
    ballast_share = of_ships("ballast_share_of_dwt")
    load = of_ships("load_factor")
    per_beam = of_ships("design_draught_per_beam")
    error = priors["draught_error"]
    noise_in, noise_out = (error.draw(rng, (count, draws)) for _ in range(2))
    lot = priors["cargo_lot"].draw(rng, (count, draws))
    chance = of_ships("laden_without_draught")
    luck = rng.random((count, draws))

    with np.errstate(invalid="ignore"):
        # a ship may never have sent its deepest draught: the beam says what it was built for
        sent = column("design_draught_m")
        design = np.where(np.isnan(sent), beam * per_beam, np.fmax(sent, beam * per_beam * 0.9))
        hull = {
            "length_m": length,
            "beam_m": beam,
            "design_draught_m": design,
            "design_block_coefficient": design_cb,
            "density_t_per_m3": priors["water_density"].value,
        }
        full = displacement_t(design, **hull)
        arrived = displacement_t(column("draught_in_m") + noise_in, **hull)
        # a ship that floats at its arrival draught weighs no more than that empty
        known_dwt = column("dwt_t")
        light = np.where(np.isnan(known_dwt), light_share * full, full - known_dwt)
        light = np.fmin(np.maximum(light, 0), arrived)
        dwt = np.where(np.isnan(known_dwt), full - light, known_dwt)
        left = displacement_t(column("draught_out_m") + noise_out, **hull)
        # nothing can be pumped out that is not aboard
        ballast = np.minimum(ballast_share * dwt, np.maximum(arrived - light, 0))
        by_draught = left - arrived + ballast
        by_load = load * dwt
    has_size = ~np.isnan(length[:, 0]) & ~np.isnan(beam[:, 0])
    has_draughts = has_size & ~np.isnan(column("draught_in_m")[:, 0])
    has_draughts &= ~np.isnan(column("draught_out_m")[:, 0])
    cargo = np.where(has_draughts[:, None], by_draught, np.where(has_size[:, None], by_load, lot))
    known = column("p_laden")
    is_laden = luck < np.where(np.isnan(known), chance, known)
    method = np.where(
        has_draughts, "displacement", np.where(has_size, "load_factor", "lot_prior")
    ).tolist()
    return CargoDraws(
        cargo_t=cargo,
        is_laden=is_laden,
        dwt_t=np.where(has_size[:, None], dwt, np.nan),
        p_laden=np.where(np.isnan(known), priors["laden_without_draught"].args[0], known)[:, 0],
        method=method,
    )


def summarise_cargo(departures: pl.DataFrame, found: CargoDraws) -> pl.DataFrame:
    """`departures` with method, dwt_t_q50, p_laden and cargo_t_q05 … cargo_t_mean (given laden)."""
    if not departures.height:
        return departures.with_columns(
            pl.lit(None, pl.String).alias("method"),
            pl.lit(None, pl.Float64).alias("dwt_t_q50"),
            *(pl.lit(None, pl.Float64).alias(f"cargo_t_{name}") for name in [*QUANTILES, "mean"]),
        )
    cuts = np.quantile(found.cargo_t, list(QUANTILES.values()), axis=1)
    return departures.with_columns(
        p_laden=pl.Series(found.p_laden),
        method=pl.Series(found.method),
        dwt_t_q50=pl.Series(np.median(found.dwt_t, axis=1)).fill_nan(None),
        **{f"cargo_t_{name}": pl.Series(cuts[at]) for at, name in enumerate(QUANTILES)},
        cargo_t_mean=pl.Series(found.cargo_t.mean(axis=1)),
    )
