"""Programs download nothing: a wheel carries the bundles, elsewhere they are assembled from what was prepared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamgov_pulumi.packaging import BundleError, build_bundle, bundle, bundle_for, prebuild, prebuilt

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]


def no_pip(*arguments: object) -> None:
    raise AssertionError("nothing may be installed here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("prebuilt") / "bundles"
    prebuild(made)
    return made


def test_every_function_has_one_and_it_is_what_a_build_makes(folder: Path, tmp_path: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    assert sorted(index) == sorted(f"handlers.{path.stem}" for path in (ROOT / "handlers").glob("[a-z]*.py"))
    for module, name in index.items():
        built = build_bundle(module, out_dir=tmp_path, compiled=True)
        assert (built.name, built.read_bytes()) == (name, (folder / name).read_bytes())


def test_a_prebuilt_bundle_is_taken_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prebuilt, "build_bundle", no_pip)
    found = bundle_for("handlers.apply_grant.handler", folder)
    assert found.parent == folder and found.name.startswith("apply_grant-")
    with pytest.raises(BundleError, match=r"there is no handler 'handlers\.nothing'"):
        bundle_for("handlers.nothing", folder)


def test_what_further_platforms_bring_is_assembled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prebuilt, "installed_platforms", lambda: ("another",))
    monkeypatch.setattr(prebuilt, "build_bundle", lambda entry, download: Path(f"{entry} {download}"))
    assert bundle_for("handlers.apply_grant", folder) == Path("handlers.apply_grant False")


def test_without_preparation_one_sentence_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bundle, "_pip_install", no_pip)
    with pytest.raises(BundleError, match=r"are not in .*-m streamgov_pulumi\.packaging` once on this machine"):
        bundle_for("handlers.apply_grant", tmp_path / "none")
