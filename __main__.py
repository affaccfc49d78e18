"""The program that ``pulumi up`` runs: what is deployed is said by the stack's configuration."""

import sys

import pulumi

from streamgov_core.model.errors import ConfigError
from streamgov_ops.deployer.preview import PreviewCheck
from streamgov_pulumi.config import load
from streamgov_pulumi.program import deploy
from streamgov_pulumi.references import LiveLook
from streamgov_samples.program import deploy_sandbox

TOLD = 32
"""Exit code by which Pulumi's language host knows that the mistake was told: it adds no 'unhandled error' to it."""

try:
    config = load()
    checks: list[PreviewCheck | LiveLook] = []
    if pulumi.runtime.is_dry_run():
        checks = [PreviewCheck(config, pulumi.get_stack()), LiveLook(config)]
    for check in checks:
        check.start()
    outputs = deploy_sandbox(config) if config.mode == "sandbox" else deploy(config)
    for check in checks:
        check.conclude(pulumi.log)
except ConfigError as error:
    # A person's mistake: the sentence says what to write, a traceback would only hide it.
    pulumi.log.error(str(error))
    sys.exit(TOLD)
for name, value in outputs.items():
    pulumi.export(name, value)
