"""What producer and consumer share: configuration, and a run that reports itself as lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from streamgov_core.lineage.run_events import Dataset, Emitter, EventType, Run
from streamgov_core.model.environment_variables import required
from streamgov_core.platforms import PLATFORMS
from streamgov_core.schemas import columns_of

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class JobConfig:
    """A sample job's configuration.

    Attributes:
        brokers: Kafka's addresses, for a topic.
        group: Kafka's consumer group, for a consumer of a topic.
        reader_role_arn: the role that may read the registry's schemas, for a consumer in another account.
    """

    growing: ClassVar[tuple[str, ...]] = ()

    domain_id: str
    region: str
    resource_arn: str
    registry_name: str
    schema_name: str
    brokers: str = ""
    group: str = ""
    reader_role_arn: str = ""

    @property
    def schema_arn(self) -> str:
        """The schema, which lies in the account of the stream."""
        _, partition, _, region, account, _ = self.resource_arn.split(":", 5)
        return f"arn:{partition}:glue:{region}:{account}:schema/{self.registry_name}/{self.schema_name}"

    def to_environment(self) -> dict[str, str]:
        """The environment variables that ``from_environment`` reads."""
        optional = {
            "STREAMGOV_BROKERS": self.brokers,
            "STREAMGOV_CONSUMER_GROUP": self.group,
            "STREAMGOV_READER_ROLE_ARN": self.reader_role_arn,
        }
        return {
            "STREAMGOV_DOMAIN_ID": self.domain_id,
            "STREAMGOV_REGION": self.region,
            "STREAMGOV_RESOURCE_ARN": self.resource_arn,
            "STREAMGOV_REGISTRY_NAME": self.registry_name,
            "STREAMGOV_SCHEMA_NAME": self.schema_name,
            **{variable: value for variable, value in optional.items() if value},
        }

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> JobConfig:
        """Read what ``to_environment`` wrote.

        Raises:
            ConfigError: a variable is missing.
        """
        return cls(
            required(env, "STREAMGOV_DOMAIN_ID"),
            required(env, "STREAMGOV_REGION"),
            required(env, "STREAMGOV_RESOURCE_ARN"),
            env.get("STREAMGOV_REGISTRY_NAME", ""),
            env.get("STREAMGOV_SCHEMA_NAME", ""),
            env.get("STREAMGOV_BROKERS", ""),
            env.get("STREAMGOV_CONSUMER_GROUP", ""),
            env.get("STREAMGOV_READER_ROLE_ARN", ""),
        )


def job_of(context: Any, default: str) -> tuple[str, str]:
    """OpenLineage namespace and name of the function that runs (``lambda://<account>/<region>``, its name)."""
    parts = str(getattr(context, "invoked_function_arn", "")).split(":")
    if len(parts) >= 7:
        return f"lambda://{parts[4]}/{parts[3]}", parts[6]
    return "lambda://local", default


def dataset(resource_arn: str, definition: str | None = None) -> Dataset:
    """The stream as a dataset, with its columns if its Avro schema is known."""
    columns = columns_of(definition, "AVRO") if definition else ()
    return Dataset(*PLATFORMS.dataset(resource_arn), [(item.name, item.type, item.description) for item in columns])


@contextmanager
def reported(run: Run, emitter: Emitter, now: Now) -> Iterator[Callable[[], str]]:
    """A run that tells DataZone when it starts and how it ends; yields a function that tells that it is under way."""

    def tell(kind: EventType, error: str | None = None) -> str:
        return emitter.emit(run.event(kind, now(), error=error))

    tell("START")
    try:
        yield lambda: tell("RUNNING")
    except Exception as error:
        tell("FAIL", f"{type(error).__name__}: {error}")
        raise
    tell("COMPLETE")
