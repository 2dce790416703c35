"""How long an analyst waits: every file of sql/questions, timed on the published release.

python -m benchmarks.questions [folder of the release]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb

from pipelines.paths import SQL_DIR, published_dir
from pipelines.publish.release import DATABASE_NAME

ROUNDS = 3


def main(folder: Path) -> None:
    """Print a line a question: seconds, rows, its words."""
    with duckdb.connect(str(folder / DATABASE_NAME), read_only=True) as reader:
        reader.execute("set threads = 2")
        for file in sorted((SQL_DIR / "questions").glob("*.sql")):
            sql = file.read_text(encoding="utf-8")
            seconds, rows = [], 0
            for _ in range(ROUNDS):
                start = time.perf_counter()
                rows = len(reader.execute(sql).fetchall())
                seconds.append(time.perf_counter() - start)
            words = sql.splitlines()[0].removeprefix("-- ")
            print(f"{min(seconds):6.2f} s  {rows:4d} rows  {file.stem}: {words}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else published_dir())
