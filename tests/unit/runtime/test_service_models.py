"""Sessions of one process read botocore's files once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from streamgov_core.runtime import service_models
from streamgov_core.runtime.service_models import session_with_shared_models

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}


def client(session: Any, service: str) -> Any:
    return boto3.Session(botocore_session=session, **KEYS).client(service)  # type: ignore[call-overload]


def test_a_second_session_reads_no_model_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = session_with_shared_models(), session_with_shared_models()
    made = client(one, "ssm")
    loader = one.get_component("data_loader")
    assert other.get_component("data_loader") is loader

    def never(path: str) -> Any:
        raise AssertionError(f"{path} is read again")

    monkeypatch.setattr(loader.file_loader, "load_file", never)
    again = client(other, "ssm")
    assert again is not made and again.meta.service_model.service_name == "ssm"
    with pytest.raises(AssertionError, match="is read again"):
        client(other, "sts")


def test_models_of_ones_own_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    service_models._loader.cache_clear()
    assert str(tmp_path) in session_with_shared_models().get_component("data_loader").search_paths
    monkeypatch.undo()
    service_models._loader.cache_clear()
