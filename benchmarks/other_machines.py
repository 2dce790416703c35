"""Does the answer depend on the machine? The fit as three machines would make it.

    python -m benchmarks.other_machines          # a fit on each, from data/work.duckdb
    python -m benchmarks.other_machines --one    # under the environment as it is

`./run` holds linear algebra to one thread and to instructions that every processor of the last ten
years has. So held, this processor is compared with an older one: with itself, without what is newer
than AVX2 in NumPy, in the C library and in linear algebra. The third does not hold: two threads add
in another order, and after some hundred steps no draw is the same. Prints the last full year of
every stream and of all together, rounded as readers see it, and how far the two lie apart in Monte
Carlo errors. Ends with 1 where a number of the two that hold differs, or where more than one number
in twenty of the third differs by more than a step of its rounding.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import polars as pl

from pipelines.publish.answer import MILLION, rounded, step_of

HELD = {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"}
NEWER = ("AVX512F", "AVX512VL", "AVX512BW", "AVX512DQ", "AVX512CD")
SETTINGS = {
    "as ./run": HELD,
    "an older processor": HELD
    | {
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=" + ",".join(f"-{name}" for name in NEWER),
    },
    "two threads": {"OPENBLAS_NUM_THREADS": "2"},
}
LEVELS = ("q05", "q50", "q95")


def answer() -> list[dict]:
    """stream, measure, level, usd_m, error_usd_m of the last full year, by a fit made here."""
    import duckdb

    from assets.resources import Sampling
    from pipelines.fitting.work import STREAMS, evidence_of
    from pipelines.inference.estimate import fit
    from pipelines.inference.joint import Joint
    from pipelines.paths import work_database

    sampling = Sampling()
    with duckdb.connect(str(work_database()), read_only=True) as reader:
        joint = Joint([evidence_of(reader, stream, sampling) for stream in STREAMS.values()])
    fitted = fit(joint, draws=sampling.draws, seed=sampling.seed)
    year = sampling.last_month().year - (sampling.last_month().month < 12)
    of_year = fitted.diagnostics.filter(pl.col("year") == year)
    rows = []
    for concept in ("state_income", "gross_income"):
        drawn, errors = {}, {}
        for name, stream in STREAMS.items():
            measure = getattr(stream, concept)
            drawn[name] = fitted.annual(name, measure)[
                :, list(fitted.joint.years(name)).index(year)
            ]
            mine = (pl.col("stream") == name) & (pl.col("measure") == measure)
            errors[name] = of_year.filter(mine).select(f"mcse_{level}" for level in LEVELS).row(0)
        drawn["total"] = np.sum(list(drawn.values()), axis=0)
        errors["total"] = np.sqrt(np.square(list(errors.values())).sum(axis=0))
        rows += [
            {
                "stream": name,
                "measure": concept,
                "level": level,
                "usd_m": float(np.quantile(values, int(level[1:]) / 100)) / MILLION,
                "error_usd_m": float(error) / MILLION,
            }
            for name, values in drawn.items()
            for level, error in zip(LEVELS, errors[name], strict=True)
        ]
    return rows


def compare(one: list[dict], two: list[dict]) -> tuple[list[str], int, int]:
    """Lines of the table side by side; how many print otherwise, and by more than a step."""
    lines, differ, apart = [], 0, 0
    for a, b in zip(one, two, strict=True):
        told = [rounded(row["usd_m"], row["error_usd_m"]) for row in (a, b)]
        step = max(step_of(row["usd_m"], row["error_usd_m"]) for row in (a, b))
        errors = abs(a["usd_m"] - b["usd_m"]) / np.hypot(a["error_usd_m"], b["error_usd_m"])
        differ += told[0] != told[1]
        apart += abs(a["usd_m"] - b["usd_m"]) > step
        lines.append(
            f"{a['stream']:<12}{a['measure']:<14}{a['level']}  {told[0]:>7} {told[1]:>7}"
            f"{'' if told[0] == told[1] else '  differs'}  {errors:.1f} errors apart"
        )
    return lines, differ, apart


def main(arguments: list[str]) -> int:
    """Fit under each setting and print the first table beside each of the others."""
    if arguments == ["--one"]:
        sys.stdout.write(json.dumps(answer()))
        return 0
    found = {
        name: json.loads(
            subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "benchmarks.other_machines", "--one"],
                env=os.environ | setting,
                stdout=subprocess.PIPE,
                check=True,
            ).stdout
        )
        for name, setting in SETTINGS.items()
    }
    first, older, threads = found
    same, differ, _ = compare(found[first], found[older])
    lines, others, apart = compare(found[first], found[threads])
    for other, told, count in ((older, same, differ), (threads, lines, others)):
        sys.stdout.write(f"{first} against {other}: {count} of {len(told)} print otherwise\n")
        sys.stdout.write("\n".join(told) + "\n")
    return int(differ > 0 or apart > len(lines) / 20)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
