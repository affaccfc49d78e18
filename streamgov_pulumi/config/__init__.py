"""A stack's configuration: read, checked as a whole at preview, described for editors (``streamgov.schema.json``).

The argument types of the components are its model (``streamgov_pulumi.arguments``)::

    components.governance_args, stack_file   the settings: key, type, rule, text
      → shapes                               a section of a stack file
          → model                            pydantic models
              → reader, checks, stack        arguments of the facade, or every mistake
              → schema                       the JSON schema
          → tools.docs.configuration         docs/configuration.md
"""

from streamgov_pulumi.config.stack import StackConfig, load, parse
from streamgov_pulumi.config.stack_file import MODES

__all__ = ["MODES", "StackConfig", "load", "parse"]
