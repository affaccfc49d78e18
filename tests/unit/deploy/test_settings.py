"""The settings of every function travel through its environment variables and its layer unchanged."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.domain.grant_ends import GrantEnds
from streamgov_core.domain.settings import CollectSettings, ReconcileSettings, ReportSettings
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.environment_variables import FunctionSettings
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.model.settings_document import DIGEST
from streamgov_samples.functions.jobs import JobConfig
from tests.unit.deploy.deployed import deployed_variables

ID = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
ACCOUNT = st.from_regex(r"[0-9]{12}", fullmatch=True)
TEXT = st.text(max_size=40)
NEEDED = st.text(min_size=1, max_size=40)
NAMES = st.builds(
    Names,
    st.from_regex(r"[a-z][a-z0-9-]{0,14}[a-z0-9]", fullmatch=True),
    st.sampled_from(["us-east-1", "eu-west-1", "us-gov-west-1"]),
    st.sampled_from(["aws", "aws-cn", "aws-us-gov"]),
)
JSON = st.recursive(
    st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)


def tuples(item: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(item, max_size=4).map(tuple)


DOMAIN: dict[str, Any] = {"names": NAMES, "domain_id": ID, "members": tuples(ACCOUNT), "asset_types": tuples(ID)}
FRACTION = st.floats(0, 1)
SETTINGS = st.one_of(
    st.builds(
        CollectSettings,
        **DOMAIN,
        principal_accounts=st.dictionaries(ACCOUNT, tuples(ACCOUNT), max_size=3),
        options=st.dictionaries(TEXT, JSON, max_size=3),
        request_required=st.booleans(),
        ends=st.builds(GrantEnds, *(st.one_of(st.none(), st.integers(1, 9999)) for _ in range(2))),
    ),
    st.builds(ReportSettings, **DOMAIN, account=ACCOUNT),
    st.builds(
        ReconcileSettings,
        **DOMAIN,
        account=ACCOUNT,
        projects=tuples(ID),
        grace=st.floats(0, allow_infinity=False),
    ),
    st.builds(
        ApplySettings,
        NAMES,
        ID,
        ACCOUNT,
        consumer_roles=tuples(TEXT),
        boundary=TEXT,
        require_boundary=st.booleans(),
        manual_assets=st.dictionaries(TEXT, tuples(TEXT), max_size=3),
        function_timeout=st.integers(1, 900),
        protected_roles=tuples(TEXT),
    ),
    st.builds(
        SyncConfig,
        NAMES,
        ID,
        NEEDED,
        st.sampled_from(["msk", "kinesis"]),
        TEXT,
        TEXT,
        st.builds(SyncSettings, NEEDED, st.booleans(), st.integers(1, 100), FRACTION, st.booleans()),
    ),
    st.builds(JobConfig, NEEDED, NEEDED, NEEDED, TEXT, TEXT, TEXT, TEXT, TEXT),
)


@given(SETTINGS)
def test_what_is_written_is_read(settings: Any) -> None:
    written: FunctionSettings = settings
    environment = written.to_environment()
    assert all(isinstance(value, str) for value in environment.values())
    assert all(key.startswith("STREAMGOV_") for key in environment)
    assert type(settings).from_environment(environment) == settings


@given(SETTINGS)
def test_what_grows_stands_in_the_layer(settings: Any) -> None:
    function = AccountScope(Names(), "111111111111").function(
        "f", entry_point="", description="", settings=settings, policy=None
    )
    assert not set(settings.growing) & function.environment.keys()
    assert (function.settings_text is None) == (DIGEST not in function.environment) == (not settings.growing)
    assert type(settings).from_environment(deployed_variables(function)) == settings


@pytest.mark.parametrize("settings", [CollectSettings, ReportSettings, ReconcileSettings, ApplySettings, SyncConfig])
def test_every_list_may_grow(settings: Any) -> None:
    """A field that holds any number of things is written to a variable that grows, or is bounded by its nature."""
    bounded = {"names", "asset_types", "options"}
    lists = {field.name for field in fields(settings) if "tuple" in str(field.type) or "Mapping" in str(field.type)}
    words = {variable.removeprefix("STREAMGOV_").lower() for variable in settings.growing}
    named = {"member_accounts": "members"}
    assert lists - bounded == {named.get(word, word) for word in words}


@pytest.mark.parametrize("settings", [CollectSettings, ReportSettings, ReconcileSettings, ApplySettings, SyncConfig])
@pytest.mark.parametrize("missing", ["STREAMGOV_DOMAIN_ID", "STREAMGOV_NAMESPACE", "STREAMGOV_REGION"])
def test_a_missing_variable_is_named(settings: Any, missing: str) -> None:
    everything = {
        **ReconcileSettings(Names(), "dzd-1", (), (), "111111111111").to_environment(),
        **ApplySettings(Names(), "dzd-1", "111111111111").to_environment(),
        **SyncConfig(Names(), "dzd-1", "orders", "msk", "", "same", SyncSettings("p1")).to_environment(),
    }
    assert settings.from_environment(everything)
    with pytest.raises(ConfigError, match=missing):
        settings.from_environment({key: value for key, value in everything.items() if key != missing})


def test_a_boundary_is_required_unless_it_is_waived_in_so_many_words() -> None:
    env = ApplySettings(Names(), "dzd-1", "111111111111", require_boundary=True).to_environment()
    del env["STREAMGOV_REQUIRE_BOUNDARY"]
    assert ApplySettings.from_environment(env).require_boundary


def test_numbers_are_numbers() -> None:
    env = SyncConfig(Names(), "dzd-1", "orders", "msk", "", "same", SyncSettings("p1")).to_environment()
    with pytest.raises(ConfigError, match="must be numbers"):
        SyncConfig.from_environment({**env, "STREAMGOV_CONCURRENCY": "many"})
