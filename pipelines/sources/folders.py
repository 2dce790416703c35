"""Sources of one folder each, found by listing: `<name>/source.toml` and `<name>/read.py`.

`source.toml` says who publishes, under which licence, how often, and what a dropped file looks
like. `read.py` holds what needs code, of a feed:

    CONTRACT                       `Feed` of the staged table, with its address
    parse(content, file)           bytes to a Split of that contract
    recognise(head)                whether a dropped file is of this source (optional; of a zip,
                                   `zip_holds` in source.toml names a member instead)
    settle(split)                  rows of several pieces held against one another (optional)
    embedded()                     (bytes, file name, instant) the installation carries (optional)
    refresh(store, fetcher, key)   fetch what is new (optional: else people fetch it by hand)
    probe(fetcher, key)            one small question to the live door (optional)
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from pipelines.quarantine import Split
from pipelines.schemas.table import Table
from pipelines.sources.http import Answer, Fetcher
from pipelines.sources.listings import Listing
from pipelines.sources.recognise import zip_holds
from pipelines.sources.staging import Embedded

HERE = Path(__file__).resolve().parent
_PACKAGE = "pipelines.sources"


class SourceFolderError(ValueError):
    """A source's folder does not say what it must."""


@dataclass(frozen=True)
class _Folder:
    """What every folder that files are dropped for says.

    Attributes:
        name: of the folder, of its snapshots and of its staged table.
        about: what the staged table holds, and its grain.
        publisher: who answers; sources of one publisher are asked one after the other.
        licence: licence of the data.
        cadence: a name of `pipelines.cadence`, or "" where nobody can ask by machine.
        stale_days: age of the newest retrieval from which it counts as stale.
        to_get_it: what an operator without data can do.
        dropped: how a dropped file looks.
        module: its `read.py`.
    """

    name: str
    about: str
    publisher: str
    licence: str
    cadence: str
    stale_days: int
    to_get_it: str
    dropped: str
    module: ModuleType


@dataclass(frozen=True)
class SourceFolder(_Folder):
    """One source, as its folder describes it.

    Attributes:
        last_day: column whose greatest value is the last day the source speaks of.
        lag_days: age of the last day from which a newer edition was due; 0 for none.
        key: environment variable of its key; "" where none is used.
        is_key_needed: without the key it is not asked.
        is_one_file: a newer file replaces the older; else each file is a piece of its own.
        zip_holds: name of the member by which a dropped zip is known; "" where `recognise` tells.
        was: the name it had before, whose rows of earlier runs go; "" where it had none.
    """

    last_day: str
    lag_days: int = 0
    key: str = ""
    is_key_needed: bool = False
    is_one_file: bool = False
    zip_holds: str = ""
    was: str = ""

    @property
    def contract(self) -> type[Table]:
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
    def settle(self) -> Callable[[Split], Split] | None:
        """Rows of several pieces held against one another; None where each stands alone."""
        return getattr(self.module, "settle", None)

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


# what is known of a folder without its source.toml
_OURS = frozenset({"name", "source", "folder", "module"})
# what marks a folder as a list, as one that keeps its own files, or as tables of ours; else a feed
_MARKS = {"lists": "list", "keeps_its_own": "own", "is_hand_kept": "kept"}


def _folders(home: Path, kind: str, shape: type[Any], **more: type) -> Iterator[tuple[str, Any]]:
    """Folders of one kind by name, each with what its source.toml says.

    It must say the fields of `shape` that have no default, and `more`; it may say the others.

    Raises:
        SourceFolderError: a folder lacks a setting, or has one of the wrong kind.
    """
    types = get_type_hints(shape)
    told = [one for one in fields(shape) if one.name not in _OURS]
    known = {one.name: types[one.name] for one in told} | more
    needed = [one.name for one in told if one.default is MISSING] + list(more)
    for settings in sorted(home.glob("*/source.toml")):
        said = tomllib.loads(settings.read_text(encoding="utf-8"))
        if next((found for mark, found in _MARKS.items() if mark in said), "feed") != kind:
            continue
        where = f"{settings.parent.name}/source.toml"
        for one in needed:
            if one not in said:
                raise SourceFolderError(f"{where} does not say {one!r}; add it")
        for one, value in said.items():
            if one not in known:
                raise SourceFolderError(f"{where} says {one!r}, which is not read; remove it")
            if type(value) is not known[one]:
                raise SourceFolderError(f"{where}: {one!r} must be {known[one].__name__}")
        yield settings.parent.name, said


def _reader(name: str, package: str = _PACKAGE) -> ModuleType:
    return importlib.import_module(f"{package}.{name}.read")


def list_folders(home: Path = HERE, package: str = _PACKAGE) -> list[SourceFolder]:
    """Every source that has a folder, by name; official lists are told by `official_lists`.

    Raises:
        SourceFolderError: a folder lacks a setting, or has one of the wrong kind.
    """
    return [
        SourceFolder(name=name, module=_reader(name, package), **said)
        for name, said in _folders(home, "feed", SourceFolder)
    ]


@dataclass(frozen=True)
class OwnKeeper(_Folder):
    """A source whose files are too large to be kept and read again whole: it lands them itself.

    Its `read.py` holds

        is_of(path)          whether a dropped file is of it
        why_not(path)        what keeps one that is nearly of it from being taken
        take(path, name)     land a dropped file; what became of its rows
        holds(sha256)        whether a file's rows are held
    """

    keeps_its_own: bool = True


def own_keepers() -> list[OwnKeeper]:
    """Every source that keeps its own files: the folders that say `keeps_its_own`; as above."""
    return [
        OwnKeeper(name=name, module=_reader(name), **said)
        for name, said in _folders(HERE, "own", OwnKeeper)
    ]


@dataclass(frozen=True)
class KeptFolder:
    """Tables that we type from a source's documents: `<table>.csv`, each row cited.

    Its `read.py` may hold `<table>_rules`, where columns alone do not say what a row must hold.
    """

    name: str
    about: str
    publisher: str
    licence: str
    to_get_it: str
    is_hand_kept: bool = True


def kept_folders() -> list[KeptFolder]:
    """Every folder of tables kept by hand: those that say `is_hand_kept`; as above."""
    return [KeptFolder(name, **said) for name, said in _folders(HERE, "kept", KeptFolder)]


@dataclass(frozen=True)
class OfficialList(_Folder):
    """One list and how it is got and read; its name is that of its snapshots.

    Attributes:
        folder: the folder it is read in; a folder may hold several lists of one form.
        named_as: how files of the folder's lists are told apart by name, for whoever dropped one
            that is too short for its list; "" where that cannot be.
    """

    folder: str
    named_as: str = ""

    @property
    def source(self) -> str:
        """Name of its snapshots and, for all but OpenSanctions, of its rows."""
        return self.name

    @property
    def forms(self) -> tuple[tuple[str, ...], ...]:
        """Ways the list comes, best first.

        Each is the names of its files, first the one whose change makes an edition; "" where a
        list comes as one file.
        """
        told: Callable[[str], tuple[tuple[str, ...], ...]] | None
        told = getattr(self.module, "forms", None)
        return (("",),) if told is None else told(self.source)

    def read(self, contents: dict[str, bytes], at: dt.datetime) -> Listing:
        """{part: bytes} and the instant of retrieval to rows; raises SourceDrift."""
        own = getattr(self.module, "listing", None)
        if own is not None:
            return own(self.source, contents, at)
        return self.module.parse(contents[""], retrieved_at=at)

    def fetch(
        self, fetcher: Fetcher, part: str, etag: str | None, last_modified: str | None
    ) -> Answer:
        """One file of a form; raises SourceUnavailable."""
        own = getattr(self.module, "ask", None)
        if own is not None:
            return own(self.source, fetcher, part, etag, last_modified)
        return self.module.fetch(fetcher, etag=etag, last_modified=last_modified)

    def check(self, part: str, content: bytes, file: str, at: dt.datetime) -> Split:
        """Rows kept and refused of one dropped file; raises SourceDrift."""
        own = getattr(self.module, "check", None)
        if own is not None:
            return own(self.source, part, content, file, at)
        return self.read({part: content}, at).splits[self.source]


_VOICE = frozenset({"authority", "kind", "title", "home", "note"})


def official_lists() -> list[OfficialList]:
    """Every official list: the folders whose source.toml has `[lists.<name>]`, by folder.

    `[lists.<name>]` says who speaks through the list (see `pipelines.voices`), and may say `about`
    and `to_get_it` of that list alone. Its `read.py` holds

        part_of(head)                    which part a dropped file is, None of another's
        parse(content, retrieved_at=)    a list's one file to a Listing
        fetch(fetcher, etag=, last_modified=)    a list's one file
        listing(source, contents, at)    in place of parse, where there is more than one file
        ask(source, fetcher, part, etag, last_modified)    in place of fetch, likewise
        forms(source)                    ways it comes, where it is not one file (optional)
        list_named(file)                 which of several lists a dropped file is of (optional)
        check(source, part, content, file, at)    one dropped file to a Split (optional)

    Raises:
        SourceFolderError: a folder lacks a setting, or has one of the wrong kind.
    """
    found = []
    for name, said in _folders(HERE, "list", OfficialList, lists=dict):
        for source, told in said.pop("lists").items():
            own = {key: value for key, value in told.items() if key not in _VOICE}
            folder: dict[str, Any] = {"folder": name, "module": _reader(name), **said, **own}
            found.append(OfficialList(name=source, **folder))
    return found
