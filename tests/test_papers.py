"""What the papers name exists, and every setting the code reads is told."""

from __future__ import annotations

import re

import pytest
import yaml

from pipelines.paths import REPOSITORY

ROOMS = ("assets", "pipelines", "sql", "tests", "benchmarks", "deploy")
_FOLDER_OF_CODE = {"assets", "benchmarks", "sql", "tests", "deploy"} | {
    f"pipelines/{folder.name}"
    for folder in (REPOSITORY / "pipelines").iterdir()
    if folder.is_dir() and not folder.name.startswith("__")
}
_SETTING = re.compile(r"\b(?:DPRK_[A-Z_]+[A-Z]|GFW_API_TOKEN|SOURCE_DATE_EPOCH)\b")
# names of Python, not of the environment
_OURS = {"DPRK_LIST", "DPRK_REASONS", "DPRK_REMARK"}


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def test_every_room_has_a_readme_of_one_screen():
    for room in sorted(_FOLDER_OF_CODE | {"pipelines"}):
        readme = REPOSITORY / room / "README.md"
        assert readme.is_file(), room
        assert readme.read_text(encoding="utf-8").startswith("# "), room


@pytest.mark.parametrize(
    "paper", ["CONTRIBUTING.md", "SECURITY.md", *(f"{room}/README.md" for room in ROOMS)]
)
def test_every_path_that_a_paper_names_exists(paper):
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[A-Z]+\.md)`", text(paper))
    ours = [one for one in named if one.split("/")[0] in {*ROOMS, "docs"} or one.endswith(".md")]
    missing = [one for one in ours if "<" not in one and not (REPOSITORY / one).exists()]
    assert missing == []


def test_each_of_the_four_errands_names_a_test_that_tries_it():
    errands = re.split(r"^## ", text("CONTRIBUTING.md"), flags=re.MULTILINE)[1:5]
    assert [one.split("\n")[0] for one in errands] == [
        "A figure", "A source", "A stream", "A published table"
    ]  # fmt: skip
    for errand in errands:
        tried = re.findall(r"`(tests/[\w/]+\.py)`", errand.split("Tried by")[1])
        assert tried
        assert all((REPOSITORY / one).is_file() for one in tried)


def test_every_setting_that_the_code_reads_is_in_the_example():
    files = [*(REPOSITORY / "assets").rglob("*.py"), *(REPOSITORY / "pipelines").rglob("*.py")]
    read = {name for file in files for name in _SETTING.findall(file.read_text(encoding="utf-8"))}
    told = set(_SETTING.findall(text(".env.example")))
    assert read - _OURS == told


def test_hooks_run_what_is_installed_here_and_fetch_nothing():
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert {one["repo"] for one in hooks} == {"local"}
    entries = [hook["entry"] for one in hooks for hook in one["hooks"]]
    checks = re.findall(r"\.venv/bin/([\w-]+)", text("run").split("check)")[1].split(";;")[0])
    assert {entry.split()[0].removeprefix(".venv/bin/") for entry in entries} == set(checks)


def test_the_citation_names_the_version_and_no_person():
    cited = yaml.safe_load(text("CITATION.cff"))
    version = re.search(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)
    assert version is not None
    assert cited["version"] == version[1]
    assert [set(author) for author in cited["authors"]] == [{"name"}]


def test_the_licence_is_whole():
    licence = text("LICENSE")
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    # nine sections, as published
    assert re.findall(r"^   (\d)\. ", licence, re.MULTILINE) == list("123456789")
