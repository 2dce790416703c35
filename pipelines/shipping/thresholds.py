"""What the events mean, in numbers. One object, so that every engine asks the same questions."""

from __future__ import annotations

from dataclasses import dataclass

DEGREE_KM = 111.19508
"""One degree of a great circle on the mean sphere (radius 6371.0088 km)."""


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of the shipping stages; the defaults follow Global Fishing Watch where it has one.

    Attributes:
        gap_hours: a longer silence is a gap.
        speed_max_kn: no ship moves faster between two positions.
        position_error_m: added to every believable leg: fixes and clocks err.
        resume_hours: a track overtaken by another on the same MMSI continues within this time,
            later it is a new one: whose silence it was, positions cannot tell.
        reach: pieces of a track looked back on when one MMSI serves several ships.
        min_positions: fewer positions are stray fixes, no track.
        stop_kn: a reported speed below it, in port, is a stop.
        call_hours: the shortest stay that is a port call.
        port_gap_hours: a silence in port that counts for the confidence of a call.
        drift_kn: a slower ship drifts; the limit for encounters and loitering.
        drift_error_m: added to every drifting leg.
        leg_hours: a longer leg is not interpolated.
        contact_m: greatest distance of two ships that meet.
        contact_hours: shortest meeting that is an encounter.
        lost_slots: a meeting ends when the ships are apart for more ten-minute slots.
        loiter_hours: shortest drift that is loitering.
        loaded_m: smallest change of draught that names an operation.
    """

    gap_hours: float = 6.0
    speed_max_kn: float = 60.0
    position_error_m: float = 500.0
    resume_hours: float = 6.0
    reach: int = 8
    min_positions: int = 3
    stop_kn: float = 0.2
    call_hours: float = 0.5
    port_gap_hours: float = 4.0
    drift_kn: float = 2.0
    drift_error_m: float = 20.0
    leg_hours: float = 1.0
    contact_m: float = 500.0
    contact_hours: float = 2.0
    lost_slots: int = 3
    loiter_hours: float = 4.0
    loaded_m: float = 0.5

    def __post_init__(self) -> None:
        """Refuse thresholds that the stages cannot honour.

        Raises:
            ValueError: names the threshold and what it must be.
        """
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} is {value}; it must be above zero")
        if not 2 <= self.reach <= 8:
            raise ValueError(f"reach is {self.reach}; it must lie between 2 and 8")
        if self.leg_hours > 1:
            raise ValueError(f"leg_hours is {self.leg_hours}; interpolation stops at one hour")
        if self.contact_m > 900:
            raise ValueError(f"contact_m is {self.contact_m}; the search grid holds 900 m")
        if self.drift_kn >= self.speed_max_kn:
            raise ValueError("drift_kn must lie below speed_max_kn")

    def parameters(self) -> dict[str, int | float]:
        """Values of the `$parameters` in sql/shipping, in seconds and degrees."""
        metre = 1 / (DEGREE_KM * 1000)
        knot = 1 / 60 / 3600  # degrees per second: a nautical mile is a minute of arc
        return {
            "gap_s": round(self.gap_hours * 3600),
            "silence_s": round(min(self.gap_hours, self.port_gap_hours) * 3600),
            "speed_deg_per_s": self.speed_max_kn * knot,
            "error_deg": self.position_error_m * metre,
            "resume_s": round(self.resume_hours * 3600),
            "reach": self.reach,
            "min_positions": self.min_positions,
            "stop_kn": self.stop_kn,
            "call_s": round(self.call_hours * 3600),
            "port_silence_s": round(self.port_gap_hours * 3600),
            "drift_deg_per_s": self.drift_kn * knot,
            "noise_deg": self.drift_error_m * metre,
            "leg_s": round(self.leg_hours * 3600),
            "contact_deg": self.contact_m * metre,
            "contact_slots": round(self.contact_hours * 6),
            "lost_slots": self.lost_slots,
            "drift_kn": self.drift_kn,
            "loiter_s": round(self.loiter_hours * 3600),
            "loaded_m": self.loaded_m,
        }
