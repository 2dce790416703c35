"""The dashboard as a bundle that any Superset imports: datasets, metrics, charts; no secrets.

Descriptions and metrics come from the published file itself (comments, table `metrics`), the
charts from charts.yaml. Run by ./start; alone: bundle.py DATABASE.duckdb OUT.zip
"""

from __future__ import annotations

import json
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import yaml

HERE = Path(__file__).resolve().parent
DATABASE = "DPRK Revenue"
FOLDER = "dprk_revenue"
# the same thing has the same identity in every import: a second one updates the first
SPACE = uuid.UUID("6f0c3a51-6f5f-5b5a-9d62-6d1f2f4f6c11")
TYPES = {"DOUBLE": "FLOAT", "BIGINT": "BIGINT", "DATE": "DATE", "TIMESTAMP": "TIMESTAMP"}


class BundleError(ValueError):
    """charts.yaml names what the published file has not."""


def identity(*names: str) -> str:
    """A lasting id."""
    return str(uuid.uuid5(SPACE, "/".join(names)))


def database(path: Path) -> dict[str, Any]:
    """The connection: the link to the newest release, opened for reading alone."""
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": f"duckdb:///{path}",
        "cache_timeout": 0,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {
            "allows_virtual_table_explore": True,
            "engine_params": {"connect_args": {"read_only": True}},
        },
        "uuid": identity("database"),
        "version": "1.0.0",
    }


def dataset(
    reader: duckdb.DuckDBPyConnection, table: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """A published table with its descriptions and metrics."""
    found = reader.execute(
        "select comment from duckdb_tables() where table_name = $1", [table]
    ).fetchone()
    if found is None:
        raise BundleError(f"charts.yaml: there is no table {table} in the published file")
    columns = reader.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where table_name = $1 order by column_index",
        [table],
    ).fetchall()
    metrics = reader.execute(
        "select metric, title, expression, meaning, unit, number_format from metrics "
        "where table_name = $1 order by sort_order",
        [table],
    ).fetchall()
    return {
        "table_name": table,
        "main_dttm_col": settings.get("time"),
        "description": found[0],
        "schema": "main",
        "filter_select_enabled": True,
        "normalize_columns": False,
        "cache_timeout": 0,
        # metrics of one's own could add what must not be added
        "extra": {"disallow_adhoc_metrics": True},
        "uuid": identity("dataset", table),
        "metrics": [
            {
                "metric_name": name,
                "verbose_name": title,
                "expression": expression,
                "description": f"{meaning} [{unit}]",
                "d3format": number_format,
            }
            for name, title, expression, meaning, unit, number_format in metrics
        ],
        "columns": [
            {
                "column_name": name,
                "verbose_name": None,
                "type": TYPES.get(kind, kind),
                "is_dttm": kind in ("DATE", "TIMESTAMP"),
                "is_active": True,
                "groupby": True,
                "filterable": True,
                "description": comment,
            }
            for name, kind, comment in columns
        ]
        + [
            {
                "column_name": name,
                "expression": expression,
                "type": "VARCHAR",
                "is_dttm": False,
                "is_active": True,
                "groupby": True,
                "filterable": True,
            }
            for name, expression in settings.get("calculated", {}).items()
        ],
        "version": "1.0.0",
        "database_uuid": identity("database"),
    }


def _filters(chart: dict[str, Any]) -> list[dict[str, Any]]:
    if "where" not in chart:
        return []
    return [{"clause": "WHERE", "expressionType": "SQL", "sqlExpression": chart["where"]}]


def _sorted_by(chart: dict[str, Any]) -> Any:
    """What a table is sorted by, largest first: a metric, or its latest period."""
    if "latest" in chart:
        return {
            "expressionType": "SQL",
            "sqlExpression": f"max({chart['latest']})",
            "label": f"latest {chart['latest']}",
        }
    return chart.get("sort_by")


def parameters(chart: dict[str, Any], metric: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What Superset calls the kind of chart, and how it is asked for.

    Args:
        chart: as in charts.yaml.
        metric: the dataset's description of the chart's first metric.
    """
    common: dict[str, Any] = {
        "adhoc_filters": _filters(chart),
        "row_limit": 1000,
        "time_range": "No filter",
    }
    kind = chart["kind"]
    if kind in ("line", "bar"):
        series = {
            **common,
            "x_axis": chart["x"],
            "x_axis_sort_asc": True,
            "xAxisForceCategorical": True,
            "groupby": chart.get("by", []),
            "metrics": chart["metrics"],
            "order_desc": False,
            "show_legend": True,
            "legendOrientation": "top",
            "rich_tooltip": True,
            "y_axis_format": metric["d3format"],
            "y_axis_title": metric["unit"],
            "y_axis_title_margin": 50,
            "y_axis_title_position": "Left",
            "truncateYAxis": metric["unit"] == "share",
            "y_axis_bounds": [0, 1] if metric["unit"] == "share" else [None, None],
            "x_axis_title_margin": 15,
            "stack": "Stack" if kind == "bar" and chart.get("stack", True) else None,
        }
        return f"echarts_timeseries_{kind}", series
    if kind == "table":
        return "table", {
            **common,
            "query_mode": "aggregate",
            "groupby": chart["by"],
            "metrics": chart["metrics"],
            "timeseries_limit_metric": _sorted_by(chart),
            "order_desc": True,
            "server_pagination": False,
            "show_totals": False,
            "show_cell_bars": False,
            "table_timestamp_format": "smart_date",
        }
    return "table", {
        **common,
        "query_mode": "raw",
        "all_columns": chart["columns"],
        "column_config": {
            name: {"d3NumberFormat": "SMART_NUMBER"} for name in chart.get("numbers", [])
        },
        "server_pagination": False,
        "show_cell_bars": False,
    }


def query_context(chart: dict[str, Any]) -> str:
    """The chart's question as the API answers it; the importer fills in the dataset's number."""
    columns = [*([chart["x"]] if "x" in chart else []), *chart.get("by", [])]
    by = _sorted_by(chart)
    orders = [[chart["x"], True]] if "x" in chart else [[by, False]] if by else []
    query: dict[str, Any] = {
        "columns": chart.get("columns", columns),
        "metrics": chart.get("metrics"),
        "orderby": orders,
        "extras": {"where": f"({chart['where']})" if "where" in chart else ""},
        "filters": [],
        "row_limit": 1000,
        "post_processing": [],
    }
    return json.dumps(
        {
            "datasource": {"id": 0, "type": "table"},
            "force": False,
            "queries": [query],
            "result_format": "json",
            "result_type": "full",
        }
    )


def slice_of(chart: dict[str, Any], metric: dict[str, Any]) -> dict[str, Any]:
    """One chart, and the description of its first metric."""
    kind, asked = parameters(chart, metric)
    return {
        "slice_name": chart["name"],
        "description": chart["note"],
        "viz_type": kind,
        "params": {**asked, "viz_type": kind},
        "query_context": query_context(chart),
        "cache_timeout": 0,
        "uuid": identity("chart", chart["name"]),
        "version": "1.0.0",
        "dataset_uuid": identity("dataset", chart["table"]),
    }


def dashboard(spec: dict[str, Any]) -> dict[str, Any]:
    """Charts in rows of twelve columns."""
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"children": ["GRID_ID"], "id": "ROOT_ID", "type": "ROOT"},
        "GRID_ID": {"children": [], "id": "GRID_ID", "parents": ["ROOT_ID"], "type": "GRID"},
        "HEADER_ID": {"id": "HEADER_ID", "meta": {"text": spec["title"]}, "type": "HEADER"},
    }
    room = 0
    row = ""
    for number, chart in enumerate(spec["charts"]):
        if chart["width"] > room:
            row, room = f"ROW-{number}", 12
            position["GRID_ID"]["children"].append(row)
            position[row] = {
                "children": [],
                "id": row,
                "meta": {"background": "BACKGROUND_TRANSPARENT"},
                "parents": ["ROOT_ID", "GRID_ID"],
                "type": "ROW",
            }
        room -= chart["width"]
        key = f"CHART-{number}"
        position[row]["children"].append(key)
        position[key] = {
            "children": [],
            "id": key,
            "meta": {
                "chartId": number + 1,
                "height": chart["height"],
                "sliceName": chart["name"],
                "uuid": identity("chart", chart["name"]),
                "width": chart["width"],
            },
            "parents": ["ROOT_ID", "GRID_ID", row],
            "type": "CHART",
        }
    return {
        "dashboard_title": spec["title"],
        "description": spec["description"],
        "slug": spec["slug"],
        "published": True,
        "uuid": identity("dashboard"),
        "position": position,
        "metadata": {"cross_filters_enabled": False, "refresh_frequency": 300},
        "version": "1.0.0",
    }


def build(database_file: Path) -> dict[str, str]:
    """Every file of the bundle by its path in the zip.

    Raises:
        BundleError: a chart names a table, a column or a metric that is not there.
    """
    spec = yaml.safe_load((HERE / "charts.yaml").read_text(encoding="utf-8"))
    documents: dict[str, dict[str, Any]] = {
        "metadata.yaml": {
            "version": "1.0.0",
            "type": "Dashboard",
            "timestamp": "2026-01-01T00:00:00+00:00",
        },
        f"databases/{FOLDER}.yaml": database(database_file),
        f"dashboards/{FOLDER}.yaml": dashboard(spec),
    }
    with duckdb.connect(str(database_file), read_only=True) as reader:
        known = {
            table: dataset(reader, table, settings or {})
            for table, settings in spec["datasets"].items()
        }
        units = dict(reader.execute("select metric, unit from metrics").fetchall())
    for table, content in known.items():
        documents[f"datasets/{FOLDER}/{table}.yaml"] = content
    for number, chart in enumerate(spec["charts"], start=1):
        content = known.get(chart["table"])
        if content is None:
            raise BundleError(f"charts.yaml: {chart['name']} reads no dataset of the list")
        columns = {column["column_name"] for column in content["columns"]}
        metrics = {one["metric_name"] for one in content["metrics"]}
        asked = {
            *chart.get("by", []),
            *chart.get("columns", []),
            *([chart["x"]] if "x" in chart else []),
        }
        missing = sorted((asked - columns) | (set(chart.get("metrics", [])) - metrics))
        if missing:
            raise BundleError(f"charts.yaml: {chart['name']}: {chart['table']} has no {missing}")
        first = next(
            (m for m in content["metrics"] if m["metric_name"] in chart.get("metrics", [])[:1]), {}
        )
        about = {"d3format": first.get("d3format"), "unit": units.get(first.get("metric_name"))}
        documents[f"charts/{number}.yaml"] = slice_of(chart, about)
    return {
        f"{FOLDER}/{path}": yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        for path, content in documents.items()
    }


def write(database_file: Path, out: Path) -> None:
    """Zip the bundle; the same release gives the same bytes."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path, text in build(database_file).items():
            bundle.writestr(zipfile.ZipInfo(path), text)


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]), Path(sys.argv[2]))
    except (BundleError, duckdb.Error, OSError) as error:
        sys.exit(f"bundle: {error}")
