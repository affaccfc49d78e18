"""The program that ``pulumi up`` runs: what is deployed is said by the stack's configuration."""

import pulumi

from streamgov_core.errors import ConfigError
from streamgov_pulumi.config import load
from streamgov_pulumi.program import deploy

try:
    outputs = deploy(load())
except ConfigError as error:
    # A person's mistake: the sentence says what to write, a traceback would only hide it.
    raise pulumi.RunError(str(error)) from None
for name, value in outputs.items():
    pulumi.export(name, value)
