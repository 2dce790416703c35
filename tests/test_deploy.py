"""The server's files name things that exist; what needs a container engine is not claimed here."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
DEPLOY = REPOSITORY / "deploy"


def test_every_service_is_watched_kept_and_started_after_what_it_needs():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert set(services) == {"postgres", "code", "webserver", "daemon", "superset"}
    for name in ("postgres", "code", "webserver", "daemon"):
        assert "healthcheck" in services[name], name
    for name in ("code", "webserver", "daemon"):
        assert "data:/data" in services[name]["volumes"]
        for needed in services[name]["depends_on"]:
            assert "healthcheck" in services[needed]
    assert services["superset"]["volumes"] == ["data:/data:ro"]
    # no port leaves this machine: Dagster has no log-in of its own
    ports = [port for one in services.values() for port in one.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    mounted = [
        volume.split(":")[0] for volume in services["code"]["volumes"] if volume.startswith("./")
    ]
    assert all((DEPLOY / name).is_file() for name in mounted)


def test_the_image_copies_files_that_exist_and_is_no_root():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = re.search(r"^COPY (requirements\S+ \S+) ", text, re.MULTILINE)
    assert copied
    assert all((REPOSITORY / name).is_file() for name in copied[1].split())
    assert re.search(r"^USER pipeline$", text, re.MULTILINE)


def test_the_image_computes_by_the_settings_of_the_command_line():
    """They keep linear algebra the same to the bit on every machine."""
    held = re.findall(
        r"export ((?:OPENBLAS|TF)_\w+)=\"?(?:\$\{\1:-)?(\w+)",
        (REPOSITORY / "run").read_text(encoding="utf-8"),
    )
    assert {name for name, _ in held} >= {"OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE"}
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert [pair for pair in held if "=".join(pair) not in image.split()] == []


def test_one_run_at_a_time_there_too():
    ours = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    server = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    assert server["concurrency"] == ours["concurrency"]
    assert server["telemetry"] == {"enabled": False}
