"""A stack's configuration: read, checked as a whole at preview, described for editors (``streamgov.schema.json``)."""

from streamgov_pulumi.config.stack import CHECKS, MODES, StackConfig, load, parse

__all__ = ["CHECKS", "MODES", "StackConfig", "load", "parse"]
