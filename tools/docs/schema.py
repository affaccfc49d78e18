"""Write plugin/schema.json: the public surface as programs in other languages see it.

Run `python -m tools.docs.schema` after changing a component's arguments or outputs; the difference in the file is the
review of the public surface. A test holds the file against the code.
"""

from __future__ import annotations

import json
from pathlib import Path

from streamgov_pulumi.plugin import schema
from streamgov_samples.plugin import offered

OUT = Path(__file__).resolve().parent.parent.parent / "plugin" / "schema.json"


def render() -> str:
    """The file's text."""
    return json.dumps(schema(offered()), indent=2) + "\n"


if __name__ == "__main__":
    OUT.write_text(render(), encoding="utf-8")
