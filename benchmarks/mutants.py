"""Do the tests notice a wrong line? Change one thing at a time and see which change stays green.

`python -m benchmarks.mutants` works on a copy of the repository in `--folder`:

1. one run of the quick tests says which of them enter which block of Python, read which SQL file,
   use which contract (`reach.json`);
2. a seeded sample of changes, `--sample` of Python and as many of SQL in each room, is made one by
   one: the tests that reach the line run until the first is red (`notes.jsonl`, a line a mutant).

Both files are gone on with when it is called again; `--again` runs the survivors anew after tests
were added, `--table` only prints. A mutant that no quick test reaches is counted apart: a whole run
with its fit may see it, this does not. What was read of the survivors stands in
`mutants_read.csv`: `equivalent` where no input could tell the two apart, else why it stays.

Each mutant is a fork of a process that has loaded the libraries, since loading them takes longer
than most tests. Its time is CPU time: a busy machine kills nothing.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import compileall
import csv
import hashlib
import json
import os
import py_compile
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest
from sqlglot.dialects import DuckDB
from sqlglot.tokens import TokenType

REPOSITORY = Path(__file__).resolve().parent.parent
READ = Path(__file__).with_name("mutants_read.csv")
ROOMS = {
    "publish": ("pipelines/publish", "sql/published", "sql/macros", "sql/report"),
    "network": ("pipelines/network", "sql/network"),
    "inference": ("pipelines/inference", "sql/estimates", "sql/draws"),
    "schemas": ("pipelines/schemas", "pipelines/publish/contract"),
}
# a whole run and a browser take minutes; a test that reads every file as text sees no number
TESTS = (
    "tests/publish",
    "tests/network",
    "tests/inference",
    "tests/schemas",
    "tests/facts",
    "tests/reader",
    "tests/streams/test_coal_ledger.py",
    "tests/streams/test_coal_plain.py",
    "tests/streams/test_coal_record.py",
    "tests/streams/test_evidence.py",
    "tests/streams/test_labor_ledger.py",
    "tests/streams/test_what_follows.py",
    "tests/test_draws.py",
    "tests/test_quarantine.py",
    "tests/test_warehouse.py",
    "tests/sources/test_editions.py",
    "tests/sources/test_figures.py",
    "tests/sources/test_cells.py",
    "tests/sources/test_gfw_events.py",
    "tests/sources/test_ports.py",
)
LIBRARIES = (
    "altair",
    "arviz_stats",
    "dagster",
    "duckdb",
    "followthemoney",
    "hypothesis.internal.conjecture.engine",
    "jax",
    "jinja2",
    "networkx",
    "numpyro",
    "openpyxl",
    "pandera.polars",
    "pypinyin",
    "rapidfuzz",
    "rigour.names",
    "scoringrules",
    "vl_convert",
)
# a fit of many worlds is left to the whole suite
SLOWEST_TEST_S = 8.0
MOST_TESTS_S = 15.0


@dataclass(frozen=True)
class Mutant:
    """One change: `before` at an offset of a file becomes `after`."""

    room: str
    file: str
    line: int
    block: str
    kind: str
    start: int
    before: str
    after: str
    # of equal changes in one block
    ordinal: int = 1

    @property
    def name(self) -> str:
        """The same though lines above it come or go."""
        told = " ".join(f"{self.block} {self.kind}: {self.before} => {self.after}".split())
        return f"{self.file} {told}" + (f" #{self.ordinal}" if self.ordinal > 1 else "")


# ---------------------------------------------------------------- Python

_COMPARED: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_COUNTED: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip
_DROPPED = {"filter", "unique", "drop_nulls", "fill_null", "abs", "over", "sort", "clip", "cumsum"}
_SWAPPED = {
    "sum": "max", "min": "max", "max": "min", "any": "all", "all": "any", "first": "last",
    "last": "first", "mean": "median", "any_horizontal": "all_horizontal", "std": "var",
    "all_horizontal": "any_horizontal", "given": "column", "key": "given", "head": "tail",
}  # fmt: skip
_WORDS = {"left": "inner", "inner": "left", "full": "left", "anti": "semi", "semi": "anti"}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST, str]]:
    """Kind, what is replaced, and by what text."""
    match node:
        case ast.Compare(left, ops, comparators):
            for i, op in enumerate(ops):
                swapped = [*ops[:i], _COMPARED[type(op)](), *ops[i + 1 :]]
                yield "compare", node, f"({ast.unparse(ast.Compare(left, swapped, comparators))})"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "and/or", node, f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(ast.Not(), operand):
            yield "not removed", node, f"({ast.unparse(operand)})"
        case ast.BinOp(left, op, right) if type(op) in _COUNTED:
            if not _is_text(left) and not _is_text(right):
                swapped = ast.BinOp(left, _COUNTED[type(op)](), right)
                yield "arithmetic", node, f"({ast.unparse(swapped)})"
        case ast.Constant(bool() as value):
            yield "boolean", node, str(not value)
        case ast.Constant(int() as value):
            yield "constant", node, str(value + 1)
        case ast.Constant(float() as value):
            yield "constant", node, repr(value * 2 if value else 1.0)
        case ast.Return(value) if value is not None and ast.unparse(value) != "None":
            yield "returns None", node, "return None"
        case ast.Expr(ast.Call()):
            yield "call removed", node, "pass"
        case ast.If(test) | ast.While(test) | ast.IfExp(test):
            yield "condition negated", test, f"(not ({ast.unparse(test)}))"
        case ast.comprehension(ifs=ifs):
            for one in ifs:
                yield "filter negated", one, f"(not ({ast.unparse(one)}))"
        case ast.Break():
            yield "break", node, "continue"
        case ast.Continue():
            yield "continue", node, "break"
        case ast.Call(ast.Attribute(value, attr), args, keywords) if attr in _DROPPED and (
            args or keywords or attr in ("abs", "drop_nulls", "unique")
        ):
            yield "step removed", node, f"({ast.unparse(value)})"
        case ast.Call(ast.Attribute(value, attr), args, keywords) if attr in _SWAPPED:
            swapped = ast.Call(ast.Attribute(value, _SWAPPED[attr]), args, keywords)
            yield "function", node, ast.unparse(swapped)
        case ast.Call(ast.Name(attr), args, keywords) if attr in _SWAPPED:
            swapped = ast.Call(ast.Name(_SWAPPED[attr]), args, keywords)
            yield "function", node, ast.unparse(swapped)
    match node:
        case ast.Call(func, args, keywords):
            for i, word in enumerate(keywords):
                if word.arg in ("how",) and isinstance(word.value, ast.Constant):
                    other = _WORDS.get(str(word.value.value))
                    if other:
                        yield "join", word.value, repr(other)
                if word.arg in _BOUNDS:
                    rest = ast.Call(func, args, [*keywords[:i], *keywords[i + 1 :]])
                    yield "bound removed", node, ast.unparse(rest)
                if word.arg == "isin" and isinstance(word.value, ast.Tuple | ast.List):
                    fewer = ast.Tuple(word.value.elts[:-1])
                    if fewer.elts:
                        yield "value refused", word.value, ast.unparse(fewer)


_BOUNDS = {"ge", "gt", "le", "lt", "isin", "str_matches", "str_length", "unique", "in_range"}


def _markable(body: list[ast.stmt]) -> int:
    """Where a block's first own statement stands: after its docstring."""
    first = body[0]
    has_words = isinstance(first, ast.Expr) and _is_text(first.value)
    return 1 if has_words and len(body) > 1 else 0


class _Walk(ast.NodeVisitor):
    """Every change of a file, with the block it stands in and the offsets of its text."""

    def __init__(self, room: str, file: str, text: str) -> None:
        self.room, self.file, self.text = room, file, text
        # offsets of ast count bytes of UTF-8
        self.starts = [0]
        for line in text.encode().splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.block, self.names, self.found = "", [], []

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert):
            return
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if self.block:
            for kind, old, after in _changes(node):
                self._add(kind, old, after)
        named = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        if named:
            self.names.append(node.name)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_comment") or (
                name == "decorator_list" and isinstance(node, ast.FunctionDef)
            ):
                continue
            if name == "body" and isinstance(node, ast.Module):
                for one in value:
                    self.visit(one)
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                outer = self.block
                self.block = block_of(node, value, self.names)
                for one in value[_markable(value) :]:
                    self.visit(one)
                self.block = outer
            elif isinstance(value, list):
                for one in value:
                    if isinstance(one, ast.AST):
                        self.visit(one)
            elif isinstance(value, ast.AST):
                self.visit(value)
        if named:
            self.names.pop()

    def _add(self, kind: str, old: Any, after: str) -> None:
        start = self.starts[old.lineno - 1] + old.col_offset
        end = self.starts[old.end_lineno - 1] + old.end_col_offset
        before = self.text.encode()[start:end].decode()
        self.found.append(
            Mutant(self.room, self.file, old.lineno, self.block, kind, start, before, after)
        )


def block_of(node: ast.AST, body: list[ast.stmt], names: list[str]) -> str:
    """Name of a block: a class by its own, any other by its first line."""
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    return f"{'.'.join(names)}+{body[0].lineno - _first_line(node, names)}"


_FIRST: dict[str, int] = {}


def _first_line(node: ast.AST, names: list[str]) -> int:
    """Line of the function a block is in, so that a block's name holds though the file grows."""
    key = ".".join(names)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        _FIRST[key] = node.lineno
    return _FIRST.get(key, 0)


class _Mark(ast.NodeTransformer):
    """Puts a call at the head of every block of functions that says the block was entered."""

    def __init__(self, file: str) -> None:
        self.file, self.names, self.within = file, [], 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        named = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        if named:
            self.names.append(node.name)
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        self.within += is_function
        blocks = [
            (value, block_of(node, value, self.names))
            for name, value in ast.iter_fields(node)
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt)
        ]
        super().generic_visit(node)
        if self.within and not isinstance(node, ast.ClassDef):
            for body, block in blocks:
                mark = f"_reached({(self.file, block)!r})"
                body.insert(_markable(body), ast.parse(mark).body[0])
        self.within -= is_function
        if named:
            self.names.pop()
        return node


# ---------------------------------------------------------------- SQL

_SQL_WORDS = {
    "sum": "max", "min": "max", "max": "min", "arg_max": "arg_min", "arg_min": "arg_max",
    "max_by": "min_by", "min_by": "max_by", "first": "last", "last": "first", "avg": "median",
    "bool_or": "bool_and", "bool_and": "bool_or", "greatest": "least", "least": "greatest",
    "lag": "lead", "lead": "lag", "first_value": "last_value", "any_value": "max",
    "floor": "ceil", "ceil": "floor", "exp": "ln", "ln": "exp",
}  # fmt: skip
_SQL_SIGNS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "!=": "=", "+": "-",
    "-": "+", "*": "/", "/": "*",
}  # fmt: skip


def sql_mutants(room: str, file: str, text: str) -> list[Mutant]:
    """Every change of a SQL file; the order that a whole select is written in is no number."""
    tokens = DuckDB().tokenize(text)
    found, depth = [], 0

    def add(kind: str, first: Any, last: Any, after: str) -> None:
        before = text[first.start : last.end + 1]
        start = len(text[: first.start].encode())
        found.append(Mutant(room, file, first.line, "", kind, start, before, after))

    for i, token in enumerate(tokens):
        word = token.text.lower()
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        before = tokens[i - 1] if i else None
        next_word = after.text.lower() if after else ""
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.PARAMETER):
            continue
        # a parameter's name, a column after its table
        if before is not None and before.text in (".", "$", "::"):
            continue
        if word in _SQL_WORDS and next_word == "(":
            add("function", token, token, _SQL_WORDS[word])
        elif word in ("where", "having", "qualify"):
            add(f"{word} dropped", token, token, f"{word} true or")
        elif word in ("left", "inner") and next_word == "join":
            add("join", token, token, _WORDS[word])
        elif word == "union" and next_word == "all":
            add("union", token, after, "union")
        elif word == "distinct" and next_word not in ("on", "from"):
            add("distinct removed", token, token, "")
        elif word in ("and", "or") and not _is_of_between(tokens, i):
            add("and/or", token, token, "or" if word == "and" else "and")
        elif word == "not" and before is not None and before.text.lower() != "is":
            if next_word not in ("null", "exists"):
                add("not removed", token, token, "")
        elif word == "is" and next_word in ("null", "not"):
            if next_word == "null":
                add("null test", token, after, "is not null")
            elif tokens[i + 2].text.lower() == "null":
                add("null test", token, tokens[i + 2], "is null")
        elif word in ("desc", "asc") and depth > 0:
            add("order", token, token, "asc" if word == "desc" else "desc")
        elif token.token_type == TokenType.NUMBER:
            value = token.text
            new = str(int(value) + 1) if value.isdigit() else repr(float(value) * 1.5)
            add("constant", token, token, new)
        elif word in _SQL_SIGNS:
            is_all = word == "*" and (
                before is None or before.text.lower() in ("select", "(", ",", "distinct")
            )
            is_sign = word in "+-" and (before is None or before.text in ("(", ",", "="))
            if not (is_all or is_sign):
                add("operator", token, token, _SQL_SIGNS[word])
    return found


def _is_of_between(tokens: list[Any], i: int) -> bool:
    """Whether this `and` is the middle of a `between … and …`."""
    depth = 0
    for token in reversed(tokens[max(0, i - 40) : i]):
        word = token.text.lower()
        if token.token_type == TokenType.R_PAREN:
            depth += 1
        elif token.token_type == TokenType.L_PAREN:
            depth -= 1
        if depth < 0 or (depth == 0 and word in ("and", "or", "where", "on", "when")):
            return False
        if depth == 0 and word == "between":
            return True
    return False


# ---------------------------------------------------------------- all of them


def mutants() -> dict[tuple[str, str], list[Mutant]]:
    """Every change of every room, of its Python and of its SQL."""
    found = defaultdict(list)
    for room, folders in ROOMS.items():
        for folder in folders:
            for path in sorted((REPOSITORY / folder).glob("*")):
                file, text = str(path.relative_to(REPOSITORY)), ""
                if path.suffix in (".py", ".sql"):
                    text = path.read_text(encoding="utf-8")
                if path.suffix == ".py":
                    walk = _Walk(room, file, text)
                    walk.visit(ast.parse(text))
                    found[room, "Python"] += walk.found
                elif path.suffix == ".sql":
                    found[room, "SQL"] += sql_mutants(room, file, text)
    for ones in found.values():
        seen = Counter()
        for i, one in enumerate(ones):
            seen[one.name] += 1
            ones[i] = replace(one, ordinal=seen[one.name])
    return found


def sampled(found: dict[tuple[str, str], list[Mutant]], size: int, seed: int) -> list[Mutant]:
    """The first of each room in an order drawn by lot; a greater sample begins with the smaller.

    Rooms take turns, so that a campaign that is cut short has seen something of each.
    """
    drawn = []
    for place, (_, ones) in enumerate(sorted(found.items())):
        # by a hash of each: what is added elsewhere changes no lot
        lots = sorted(ones, key=lambda one: hashlib.sha256(f"{seed} {one.name}".encode()).digest())
        drawn += [(turn, place, one) for turn, one in enumerate(lots[:size])]
    return [one for *_, one in sorted(drawn, key=lambda x: x[:2])]


# ---------------------------------------------------------------- running


def copied(folder: Path) -> Path:
    """The repository's own files as they stand, without what git ignores."""
    copy = folder / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=REPOSITORY, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    wanted = {name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()}
    for name in sorted(wanted):
        source, target = REPOSITORY / name, copy / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for old in copy.rglob("*"):
        if old.suffix in (".py", ".sql") and str(old.relative_to(copy)) not in wanted:
            old.unlink()
    return copy


class Reached:
    """A plug-in that notes what each test enters, opens and validates, and its CPU time."""

    def __init__(self, copy: Path) -> None:
        self.copy, self.now = copy, ""
        self.by: dict[str, set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = {}
        self.red: set[str] = set()

    def note(self, what: tuple[str, str]) -> None:
        if self.now:
            self.by[self.now].add("|".join(what))

    def opened(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and self.now and str(args[0]).endswith(".sql"):
            path = Path(str(args[0]))
            if path.is_relative_to(self.copy):
                self.note((str(path.relative_to(self.copy)), ""))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: Any) -> Any:
        # what is set up once for several tests of a file is theirs all
        self.now, self.began = item.nodeid.split("::")[0], time.process_time()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Any:
        self.now = item.nodeid
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - self.began
            self.now = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.outcome != "passed":
            self.red.add(report.nodeid)


def _alone(work: Any, log: Path, cpu_s: float | None = None) -> int:
    """Exit status of a call in a process of its own; minus the signal that ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            with log.open("w") as out:
                os.dup2(out.fileno(), 1)
                os.dup2(out.fileno(), 2)
            if cpu_s is not None:
                limit = int(time.process_time() + cpu_s) + 1
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            code = int(work())
        except BaseException as error:
            print(repr(error))
            code = 3
        sys.stdout.flush()
        os._exit(code)
    waited = time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        # stuck without using CPU; far beyond what a busy machine explains
        if time.monotonic() - waited > 1800:
            os.kill(child, 9)
        time.sleep(0.05)


def _pytest(copy: Path, arguments: list[str], plugins: list[Any]) -> int:
    os.chdir(copy)
    sys.path[:] = [str(copy), *(p for p in sys.path if Path(p or ".").resolve() != REPOSITORY)]
    for name in [one for one in sys.modules if one.split(".")[0] in ("pipelines", "tests")]:
        del sys.modules[name]
    common = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--rootdir", str(copy)]
    return int(pytest.main([*common[bool(plugins) :], *arguments], plugins=plugins))


def reach(copy: Path, folder: Path, only: list[str]) -> dict[str, Any]:
    """What each quick test reaches: one run of them on a copy with a mark in every block."""
    note = folder / "reach.json"
    known: dict[str, Any] = {"tests": {}, "red": [], "files": {}}
    if note.is_file():
        known = json.loads(note.read_text())
    prints = {
        str(path.relative_to(copy)): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for test in TESTS
        for path in (
            [copy / test] if test.endswith(".py") else sorted((copy / test).glob("test_*.py"))
        )
    }
    known["tests"] = {
        test: told for test, told in known["tests"].items() if test.split("::")[0] in prints
    }
    before = known["files"]
    changed = [name for name in prints if before.get(name) != prints[name]]
    changed = [name for name in changed if not only or any(one in name for one in only)]
    for name in changed:
        _reach_file(copy, folder, name, known)
        before[name] = prints[name]
        note.write_text(json.dumps(known))
    return known


def _reach_file(copy: Path, folder: Path, name: str, known: dict[str, Any]) -> None:
    marked = {
        path: path.read_text(encoding="utf-8")
        for folders in ROOMS.values()
        for one in folders
        for path in (copy / one).glob("*.py")
    }
    answer = folder / "reach_one.json"
    answer.unlink(missing_ok=True)

    def work() -> int:
        plugin = Reached(copy)
        # a built-in name needs no import in the files that are marked
        vars(builtins)["_reached"] = plugin.note
        sys.addaudithook(plugin.opened)
        import pandera.polars as pa

        whole = pa.DataFrameModel.to_schema.__func__

        def to_schema(cls: Any) -> Any:
            for one in cls.__mro__:
                plugin.note(("class", one.__name__))
            return whole(cls)

        pa.DataFrameModel.to_schema = classmethod(to_schema)  # ty: ignore[invalid-assignment]
        code = _pytest(copy, [name], [plugin])
        answer.write_text(
            json.dumps(
                {
                    "tests": {
                        test: {
                            "seconds": round(seconds, 2),
                            "reaches": sorted(plugin.by[test] | plugin.by[name]),
                        }
                        for test, seconds in plugin.seconds.items()
                    },
                    "red": sorted(plugin.red),
                }
            )
        )
        return code

    try:
        for path, text in marked.items():
            tree = _Mark(str(path.relative_to(copy))).visit(ast.parse(text))
            path.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
        code = _alone(work, folder / "reach.log")
    finally:
        for path, text in marked.items():
            path.write_text(text, encoding="utf-8")
    if not answer.is_file():
        raise SystemExit(f"{name} ended with {code}; see {folder}/reach.log")
    found = json.loads(answer.read_text())
    for test in [one for one in known["tests"] if one.split("::")[0] == name]:
        del known["tests"][test]
    known["tests"] |= found["tests"]
    known["red"] = [one for one in known["red"] if not one.startswith(f"{name}::")] + found["red"]
    print(f"{name}: {len(found['tests'])} tests, {len(found['red'])} not green", flush=True)


def tests_of(one: Mutant, known: dict[str, Any]) -> list[str]:
    """Green quick tests that reach a mutant, first those that reach little else."""
    if one.block.startswith("class "):
        wanted = f"class|{one.block.removeprefix('class ')}"
    else:
        wanted = f"{one.file}|{one.block}"
    reaching = sorted(
        (len(told["reaches"]), told["seconds"], test)
        for test, told in known["tests"].items()
        if wanted in told["reaches"]
        and test not in known["red"]
        and told["seconds"] <= SLOWEST_TEST_S
    )
    chosen, total = [], 0.0
    for _, seconds, test in reaching:
        total += seconds
        if total <= MOST_TESTS_S:
            chosen.append(test)
    return chosen


def run(one: Mutant, tests: list[str], copy: Path, folder: Path) -> str:
    """What became of a mutant: killed, time-out, survived; error where pytest could not say."""
    path = copy / one.file
    whole = path.read_bytes()
    end = one.start + len(one.before.encode())
    if whole[one.start : end] != one.before.encode():
        raise SystemExit(f"{one.file} is not the file that was read; call again")
    changed = whole[: one.start] + one.after.encode() + whole[end:]
    if path.suffix == ".py":
        try:
            compile(changed, one.file, "exec")
        except SyntaxError:
            return "no program"
    try:
        path.write_bytes(changed)
        code = _alone(
            lambda: _pytest(copy, tests, []), folder / "mutant.log", cpu_s=3 * MOST_TESTS_S
        )
    finally:
        path.write_bytes(whole)
    if code < 0:
        return "time-out"
    return {0: "survived", 1: "killed", 2: "killed"}.get(code, f"error {code}")


def read_verdicts() -> dict[str, dict[str, str]]:
    """What was read of survivors, by the mutant's name."""
    if not READ.is_file():
        return {}
    with READ.open(encoding="utf-8", newline="") as file:
        return {row["mutant"]: row for row in csv.DictReader(file)}


def table(seen: list[Mutant], notes: dict[str, str], found: dict[Any, list[Mutant]]) -> str:
    """Per room and language; shares with Wilson's 95% interval."""
    verdicts = read_verdicts()
    head = (
        "| room | of | mutants | drawn and run | no quick test reaches | killed | equivalent "
        "| survived | killed of those that differ, 95% |\n|---|---|--:|--:|--:|--:|--:|--:|---|"
    )
    lines, sums = [], defaultdict(Counter)
    for (room, kind), ones in sorted(found.items()):
        count = Counter()
        for one in seen:
            if one.room == room and (one.file.endswith(".sql")) == (kind == "SQL"):
                outcome = notes[one.name]
                verdict = verdicts.get(one.name, {}).get("verdict", "")
                if outcome == "survived" and verdict == "equivalent":
                    outcome = "equivalent"
                count["killed" if outcome == "time-out" else outcome] += 1
        lines.append((room, kind, len(ones), count))
        sums[room].update(count)
    for room, count in sums.items():
        lines.append((room, "both", sum(len(v) for (r, _), v in found.items() if r == room), count))
    lines.append(("all", "both", sum(map(len, found.values())), sum(sums.values(), Counter())))
    told = []
    for room, kind, n_all, count in lines:
        n = count["killed"] + count["survived"]
        share = ""
        if n:
            low, high = binomtest(count["killed"], n).proportion_ci(method="wilson")
            share = f"{count['killed'] / n:.0%} ({low:.0%} to {high:.0%})"
        n_run = n + count["equivalent"]
        told.append(
            f"| {room} | {kind} | {n_all:,} | {n_run} | {count['not reached']} | {count['killed']} "
            f"| {count['equivalent']} | {count['survived']} | {share} |"
        )
    return "\n".join([head, *told])


def main() -> None:
    """Go on with a campaign and print the table."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "mutants"))
    ask.add_argument("--sample", type=int, default=60, help="of each room's Python and SQL")
    ask.add_argument("--seed", type=int, default=2711)
    ask.add_argument("--again", action="store_true", help="run survivors and unreached anew")
    ask.add_argument("--only", default="", help="mutants whose name holds this")
    ask.add_argument("--tests", nargs="*", default=[], help="look only at these files' reach")
    ask.add_argument("--reach", action="store_true", help="only see what the tests reach")
    ask.add_argument(
        "--seconds", type=float, default=float("inf"), help="then stop, to go on later"
    )
    ask.add_argument("--table", action="store_true", help="only print")
    told = ask.parse_args()
    folder = told.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    found = mutants()
    drawn = sampled(found, told.sample, told.seed)
    log = folder / "notes.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    notes = {line["name"]: line["outcome"] for line in lines}
    if not told.table:
        os.environ |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        copy = copied(folder)
        for name in LIBRARIES:
            __import__(name)
        known = reach(copy, folder, told.tests)
        # checked by content: a mutant is often written within the second of the one before
        compileall.compile_dir(
            copy / "pipelines", quiet=2,
            invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH, force=True,
        )  # fmt: skip
        sys.dont_write_bytecode = True
        until = time.monotonic() + told.seconds
        if told.again:
            red = ("survived", "not reached")
            todo = [one for ones in found.values() for one in ones if notes.get(one.name) in red]
        else:
            todo = [one for one in drawn if one.name not in notes]
        for one in [] if told.reach else todo:
            if time.monotonic() > until:
                break
            if told.only not in one.name:
                continue
            tests = tests_of(one, known)
            began = time.monotonic()
            outcome = run(one, tests, copy, folder) if tests else "not reached"
            notes[one.name] = outcome
            line = {"name": one.name, "outcome": outcome, "n_tests": len(tests), **asdict(one)}
            red = re.search(r"^FAILED (\S+)", (folder / "mutant.log").read_text(), re.MULTILINE)
            line["by"] = red[1] if red and outcome == "killed" else ""
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{outcome:12} {time.monotonic() - began:5.0f} s  {one.name}", flush=True)
    # what an earlier draw took counts as well
    seen = [one for ones in found.values() for one in ones if one.name in notes]
    print(table(seen, notes, found))
    verdicts = read_verdicts()
    for one in seen:
        if notes.get(one.name) == "survived":
            row = verdicts.get(one.name, {"verdict": "unread", "why": ""})
            print(f"{one.file}:{one.line} {one.kind}: {one.before!r} => {one.after!r}: "
                  f"{row['verdict']}; {row['why']}")  # fmt: skip


if __name__ == "__main__":
    main()
