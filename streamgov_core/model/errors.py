"""The one error tree of the project.

StreamgovError
├── ConfigError            what a person wrote in a stack's configuration or passed to a component
├── NameTooLongError       a derived name passes a limit of AWS (also a ConfigError)
├── SchemaError            a schema of the registry cannot be read
│   └── UnsupportedSchemaError   its data format is not one that is understood
├── CatalogError           a data source cannot bring a schema, or all of them, into the catalogue
│   ├── NotGovernedError         a schema or name leads to no topic or stream that the data source may speak for
│   └── CatalogBusyError         something is changing: the same attempt may succeed later
├── GrantError             a subscription grant cannot be carried out
│   ├── RetryableGrantError      trying again may help (contention, throttling, propagation)
│   │   ├── WaitingGrantError        what was asked for is recorded; somebody else must finish something first
│   │   └── ThrottledError           a service's rate is used up: it will help, after a while
│   └── PermanentGrantError      it will fail again until a person changes something
│       ├── ClaimRefusedError        an asset's form names a resource that its owner may not give away
│       ├── EventRefusedError        the event does not match what DataZone says
│       ├── PrincipalRefusedError    a principal is not one that may receive access
│       └── DocumentFullError        a policy document has no room for the grant
├── ResourceExistsError    an object that was to be created is there already
├── ResourceInUseError     an object that was to be deleted is still used
└── RemoteError            an AWS API answered with an error that nothing above explains
    └── StatusRefusedError   DataZone keeps the status that an asset of a grant has
"""

from __future__ import annotations


class StreamgovError(Exception):
    """Base of every error that this project raises on purpose.

    Its text is written for people: what is wrong, where, and what to do.
    """


class ConfigError(StreamgovError):
    """A configuration value or component argument is wrong."""


class NameTooLongError(ConfigError):
    """A name derived from the namespace passes a limit of the service that it names something in."""


class SchemaError(StreamgovError):
    """A schema of the registry cannot be turned into columns."""


class UnsupportedSchemaError(SchemaError):
    """The schema's data format is not understood."""


class CatalogError(StreamgovError):
    """A data source cannot bring a schema, or all of them, into the catalogue."""


class NotGovernedError(CatalogError):
    """A schema, or a name, leads to no topic or stream that the data source may speak for."""


class CatalogBusyError(CatalogError):
    """Something that a data source needs is changing: the same attempt may succeed later."""


class SyncFailedError(CatalogError):
    """A full run of a data source has come to its end, and some schemas have failed: its text is the run's result."""


class GrantError(StreamgovError):
    """A subscription grant cannot be carried out."""


class RetryableGrantError(GrantError):
    """Trying the same grant again may help: contention, throttling, IAM propagation."""


class WaitingGrantError(RetryableGrantError):
    """Nothing is wrong: another command holds a document, or a service is still making something. Ask again later."""


class ThrottledError(RetryableGrantError):
    """A service refuses calls because its rate is used up, which is no failure: it passes when a burst is over."""


class PermanentGrantError(GrantError):
    """The grant fails again until a person changes something."""


class ClaimRefusedError(PermanentGrantError):
    """The asset's form names a resource that the data source did not record for this asset."""


class EventRefusedError(PermanentGrantError):
    """The event does not match what DataZone says about the grant."""


class PrincipalRefusedError(PermanentGrantError):
    """A principal of the subscription target may not receive access."""


class DocumentFullError(PermanentGrantError):
    """The policy document has no room for this grant within the documented limit."""


class ResourceExistsError(StreamgovError):
    """An object that was to be created exists already and was not to be adopted."""


class ResourceInUseError(StreamgovError):
    """An object that was to be deleted is still used by others, which the text lists."""


class RemoteError(StreamgovError):
    """An AWS API call failed for a reason that the caller does not handle.

    Attributes:
        operation: ``service:Operation``.
        code: the API's error code.
    """

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation} failed with {code}: {message}")
        self.operation = operation
        self.code = code


class StatusRefusedError(RemoteError):
    """DataZone does not take a status for an asset of a grant.

    Attributes:
        standing: the status that it has and keeps.
    """

    def __init__(self, operation: str, code: str, message: str, standing: str) -> None:
        super().__init__(operation, code, message)
        self.standing = standing
