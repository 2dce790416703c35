"""Import the bundle over what an earlier release left: metrics, columns and charts are replaced.

Superset's own `import-dashboards` keeps datasets and charts that it has, old metrics and all.
Run by ./start in Superset's environment: import_bundle.py dashboard.zip
"""

from __future__ import annotations

import sys
from zipfile import ZipFile

from flask import g
from superset.app import create_app


def main(path: str) -> None:
    """Import as the administrator."""
    with create_app().app_context():
        # these read the application's configuration when they are imported
        from superset import security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.commands.importers.v1.utils import get_contents_from_bundle

        g.user = security_manager.find_user(username="admin")
        with ZipFile(path) as bundle:
            contents = get_contents_from_bundle(bundle)
        about = contents["metadata.yaml"]
        contents["metadata.yaml"] = about.replace("type: Dashboard", "type: assets")
        ImportAssetsCommand(contents).run()


if __name__ == "__main__":
    main(sys.argv[1])
