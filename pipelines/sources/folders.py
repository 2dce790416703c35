"""Sources of one folder each, found by listing: `<name>/source.toml` and `<name>/read.py`.

`source.toml` says who publishes, under which licence, how often, and what a dropped file looks
like. `read.py` holds what needs code:

    CONTRACT                       Pandera model of the staged table, `line` first
    parse(content, file)           bytes to a Split of that contract
    recognise(head)                whether a dropped file is of this source (optional; of a zip,
                                   `zip_holds` in source.toml names a member instead)
    embedded()                     (bytes, file name, instant) the installation carries (optional)
    refresh(store, fetcher, key)   fetch what is new (optional: else people fetch it by hand)
    probe(fetcher, key)            one small question to the live door (optional)
"""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandera.polars as pa

from pipelines.quarantine import Split
from pipelines.sources.recognise import zip_holds
from pipelines.sources.staging import Embedded

HERE = Path(__file__).resolve().parent
_NEEDED = {
    "about": str,
    "publisher": str,
    "licence": str,
    "cadence": str,
    "stale_days": int,
    "last_day": str,
    "to_get_it": str,
    "dropped": str,
}
_OPTIONAL = {
    "lag_days": int,
    "key": str,
    "is_key_needed": bool,
    "is_one_file": bool,
    "zip_holds": str,
}


class SourceFolderError(ValueError):
    """A source's folder does not say what it must."""


@dataclass(frozen=True)
class SourceFolder:
    """One source, as its folder describes it.

    Attributes:
        name: of the folder, of its snapshots and of its staged table.
        about: what the staged table holds, and its grain.
        publisher: who answers; sources of one publisher are asked one after the other.
        licence: licence of the data.
        cadence: a name of `pipelines.cadence`, or "" where nobody can ask by machine.
        stale_days: age of the newest retrieval from which it counts as stale.
        last_day: column whose greatest value is the last day the source speaks of.
        to_get_it: what an operator without data can do.
        dropped: how a dropped file looks.
        lag_days: age of the last day from which a newer edition was due; 0 for none.
        key: environment variable of its key; "" where none is used.
        is_key_needed: without the key it is not asked.
        is_one_file: a newer file replaces the older; else each file is a piece of its own.
        zip_holds: name of the member by which a dropped zip is known; "" where `recognise` tells.
        module: its `read.py`.
    """

    name: str
    about: str
    publisher: str
    licence: str
    cadence: str
    stale_days: int
    last_day: str
    to_get_it: str
    dropped: str
    module: ModuleType
    lag_days: int = 0
    key: str = ""
    is_key_needed: bool = False
    is_one_file: bool = False
    zip_holds: str = ""

    @property
    def contract(self) -> type[pa.DataFrameModel]:
        """Contract of the staged table, without provenance."""
        return self.module.CONTRACT

    def parse(self, content: bytes, file: str) -> Split:
        """Bytes to kept and refused rows; raises SourceDrift."""
        return self.module.parse(content, file)

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether a dropped file is of this source, from its first bytes or a zip's members."""
        if self.zip_holds:
            return zip_holds(path, head, self.zip_holds)
        known: Callable[[bytes], bool] | None = getattr(self.module, "recognise", None)
        return known is not None and known(head)

    @property
    def sample(self) -> Path:
        """The made-up file in its folder.

        Raises:
            SourceFolderError: there is none, or more than one.
        """
        found = list(Path(str(self.module.__file__)).parent.glob("sample.*"))
        if len(found) != 1:
            raise SourceFolderError(f"{self.name}: {len(found)} files sample.*; keep one")
        return found[0]

    @property
    def sample_name(self) -> str:
        """A name under which the sample could have been dropped."""
        return f"{getattr(self.module, 'PROBED', 'sample')}{self.sample.suffix}"

    @property
    def refresh(self) -> Callable[..., Any] | None:
        """(store, fetcher, key) to what was done; None where people fetch by hand."""
        return getattr(self.module, "refresh", None)

    @property
    def probe(self) -> Callable[..., Any] | None:
        """(fetcher, key) to one small answer of the live door; None where there is none."""
        return getattr(self.module, "probe", None)

    @property
    def embedded(self) -> Callable[[], Embedded] | None:
        """What the installation itself carries; None for nothing."""
        carried = getattr(self.module, "embedded", None)
        return None if carried is None else lambda: Embedded(*carried())

    def key_value(self) -> str | None:
        """The operator's key, if set."""
        return os.environ.get(self.key) or None if self.key else None


def list_folders(home: Path = HERE, package: str = "pipelines.sources") -> list[SourceFolder]:
    """Every source that has a folder, by name.

    Raises:
        SourceFolderError: a folder lacks a setting, or has one of the wrong kind.
    """
    found = []
    for settings in sorted(home.glob("*/source.toml")):
        name = settings.parent.name
        said = tomllib.loads(settings.read_text(encoding="utf-8"))
        where = f"{name}/source.toml"
        known = {**_NEEDED, **_OPTIONAL}
        for one in _NEEDED:
            if one not in said:
                raise SourceFolderError(f"{where} does not say {one!r}; add it")
        for one, value in said.items():
            if one not in known:
                raise SourceFolderError(f"{where} says {one!r}, which is not read; remove it")
            if type(value) is not known[one]:
                raise SourceFolderError(f"{where}: {one!r} must be {known[one].__name__}")
        module = importlib.import_module(f"{package}.{name}.read")
        found.append(SourceFolder(name=name, module=module, **said))
    return found
