"""The plugin that the engine starts for ``packages: {streamgov: <this folder>}`` in a program of another language."""

import sys
from pathlib import Path

# In a checkout nothing is installed: the package lies beside this folder.
CHECKOUT = Path(__file__).resolve().parent.parent
if (CHECKOUT / "streamgov_pulumi" / "plugin.py").is_file():
    sys.path.insert(0, str(CHECKOUT))

from streamgov_pulumi.plugin import serve  # noqa: E402
from streamgov_samples.plugin import offered  # noqa: E402

if __name__ == "__main__":
    serve(offered())
