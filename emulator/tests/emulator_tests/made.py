"""What tests of several folders make."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from typing import Any

RUN = "3f5e83fa-3480-44ff-99c5-ff943904e5e8"


def archive(files: dict[str, str]) -> bytes:
    """A zip file with these texts."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, textwrap.dedent(text))
    return sink.getvalue()


def open_to_trails(s3: Any, bucket: str) -> None:
    """Let CloudTrail write its logs into a bucket."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def run_event(run: str = RUN, job: str = "enricher", minute: int = 0, **more: Any) -> dict[str, Any]:
    """A run event of OpenLineage."""
    return {
        "eventType": "RUNNING",
        "eventTime": f"2026-05-04T10:{minute:02}:30.000Z",
        "producer": "https://example.org/x",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run},
        "job": {"namespace": "msf", "name": job},
        "inputs": [],
        "outputs": [],
        **more,
    }
