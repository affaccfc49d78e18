"""``python -m streamgov_pulumi.deployer``."""

import sys

from streamgov_pulumi.deployer.command import main

sys.exit(main())
