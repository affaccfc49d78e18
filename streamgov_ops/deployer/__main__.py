"""``python -m streamgov_ops.deployer``."""

import sys

from streamgov_ops.deployer.command import main

sys.exit(main())
