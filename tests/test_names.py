"""One name, one thing: what a reader finds under a class's name is the class."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from pipelines.paths import REPOSITORY


def classes_of_one_name(folders: list[Path]) -> dict[str, list[str]]:
    """Names that more than one top-level class bears, each with the files it stands in."""
    places = defaultdict(list)
    for file in sorted(path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(file.name)
    return {name: files for name, files in places.items() if len(files) > 1}


def test_no_two_classes_of_the_pipeline_have_one_name():
    assert classes_of_one_name([REPOSITORY / "assets", REPOSITORY / "pipelines"]) == {}


def test_a_name_given_twice_is_found_whatever_the_folder(tmp_path):
    for folder, text in (("a", "class One:\n    pass\n"), ("b", "class One(dict):\n    x = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.py").write_text(text, encoding="utf-8")
    (tmp_path / "b" / "c.py").write_text("class Two:\n    class One:\n        pass\n")
    folders = [tmp_path / "a", tmp_path / "b"]
    assert classes_of_one_name(folders) == {"One": ["a.py", "b.py"]}
    assert classes_of_one_name([tmp_path / "a"]) == {}
