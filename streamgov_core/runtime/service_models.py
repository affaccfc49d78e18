"""botocore's descriptions of services, read once a process and not once a session.

A process that reaches several accounts has a session for each, and each would read and parse the same files.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.session import Session


@cache
def _loader() -> Loader:
    from botocore.loaders import create_loader

    return create_loader(os.environ.get("AWS_DATA_PATH"))


def session_with_shared_models() -> Session:
    """A session of botocore for ``boto3.Session(botocore_session=…)``."""
    from botocore.session import get_session

    session = get_session()
    session.register_component("data_loader", _loader())
    return session
