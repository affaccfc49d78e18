"""The account that a component is deployed into, told once: provider, names, and sessions of dynamic resources."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import pulumi
import pulumi_aws as aws

from streamgov_pulumi.arguments.inputs import check_arguments
from streamgov_pulumi.arguments.refusal import refusing
from streamgov_pulumi.arguments.secret import as_input
from streamgov_pulumi.components._settings import ComponentAccountArgs, Settings
from streamgov_pulumi.providers.session import SessionSettings

SESSION_NAME = "streamgov-pulumi"
SESSION = ("assume_role_arn", "external_id")
"""What dynamic resources are told of an account: provider options do not reach them."""


ResultT = TypeVar("ResultT")


class Account(dict[str, Any]):
    """One account of a deployment. Pass it as ``account`` to every component there.

    ::

        producer = Account({"account_id": "777788889999", "region": "eu-west-1"})
        SchemaRegistryDataSource("orders", {"account": producer, …})

    Args:
        args: id, region, how it is reached, and what everything in it has in common.
        provider: the AWS provider of that account, or what makes it when it is needed. Default: one is made, which
            refuses any other account. Beside one that assumes a role, say ``assume_role_arn`` in ``args`` as well,
            for the dynamic resources.
        name: logical name of the provider that is made. Default: the namespace and the account's id.
        parent: owner of the provider that is made.
        protect: whether that is protected from deletion. Default: as its owner.

    Raises:
        ConfigError: the arguments are wrong.
    """

    @refusing
    def __init__(
        self,
        args: ComponentAccountArgs,
        *,
        provider: pulumi.ProviderResource | Callable[[], pulumi.ProviderResource] | None = None,
        name: str | None = None,
        parent: pulumi.Resource | None = None,
        protect: bool | None = None,
    ) -> None:
        check_arguments("Account", args, ComponentAccountArgs)
        super().__init__(args)
        self.settings = Settings.of(args)
        self._given = provider
        self._options = pulumi.ResourceOptions(parent=parent, protect=protect)
        self._name = name or f"{self.settings.names.namespace}-{self.settings.account}"

    @cached_property
    def provider(self) -> pulumi.ProviderResource:
        """The account's provider."""
        if self._given is not None:
            return self._given if isinstance(self._given, pulumi.ProviderResource) else self._given()
        made: pulumi.ProviderResource = aws.Provider(
            self._name,
            region=self.settings.names.region,
            # A credential of another account must fail, not deploy there.
            allowed_account_ids=[self.settings.account],
            assume_roles=self._roles(),
            profile=self.get("profile"),
            **self.get("provider_flags", {}),
            opts=self._options,
        )
        return made

    def _roles(self) -> list[aws.ProviderAssumeRoleArgs] | None:
        if not self.get("assume_role_arn"):
            return None
        # The class, not a dict: provider inputs become JSON, and only the class's keys are spelt as the plugin's.
        role = aws.ProviderAssumeRoleArgs(
            role_arn=self["assume_role_arn"],
            external_id=as_input(self.get("external_id")),
            session_name=SESSION_NAME,
        )
        return [role]

    def session_inputs(self) -> dict[str, Any]:
        """The inputs of a dynamic resource that say how the account is reached."""
        told = {key: as_input(self[key]) for key in SESSION if self.get(key)}
        return {"region": self.settings.names.region, **told}

    def looked_up(self, ask: Callable[[SessionSettings], ResultT]) -> pulumi.Output[ResultT]:
        """What the account answers, asked while resources are registered and not before.

        Args:
            ask: takes the session.
        """
        session = {key: self[key] for key in SESSION if self.get(key)}
        region = self.settings.names.region
        return pulumi.Output.from_input(session).apply(
            lambda told: ask(SessionSettings(region, told.get("assume_role_arn", ""), told.get("external_id", "")))
        )


# The component host of other languages reads one plain type.
if TYPE_CHECKING:
    AccountInput: TypeAlias = Account | ComponentAccountArgs
else:
    AccountInput = ComponentAccountArgs


class AccountComponent(pulumi.ComponentResource):
    """A component that is deployed into one account, which its argument ``account`` describes.

    Args:
        token: its type.
        name: logical name.
        args: its arguments.
        declared: their TypedDict.
        opts: resource options. An AWS provider in them, or of the parent, is the account's.

    Raises:
        ConfigError: an argument is wrong.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Whatever a component's constructor refuses is told as a sentence."""
        super().__init_subclass__(**kwargs)
        cls.__init__ = refusing(cls.__init__)  # type: ignore[method-assign]

    def __init__(
        self,
        token: str,
        name: str,
        args: Mapping[str, Any],
        declared: type,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        check_arguments(token, args, declared)
        self._account = account_of(args["account"], name, opts)
        provided = pulumi.ResourceOptions(providers=[self._account.provider])
        super().__init__(f"streamgov:index:{token}", name, {}, pulumi.ResourceOptions.merge(opts, provided))


def account_of(told: Mapping[str, Any], name: str, opts: pulumi.ResourceOptions | None) -> Account:
    """The account that a component is told.

    Args:
        told: an Account, or its arguments.
        name: the component's logical name.
        opts: the component's options.
    """
    if isinstance(told, Account):
        return told
    args: Any = dict(told)
    opts = opts or pulumi.ResourceOptions()
    return Account(
        args,
        provider=_provider_in(opts),
        name=f"{name}-account",
        parent=opts.parent,
        # The owner of a component that a plugin makes is only a URN, of which the SDK cannot ask this.
        protect=opts.protect,
    )


def _provider_in(opts: pulumi.ResourceOptions) -> pulumi.ProviderResource | None:
    listed: Iterable[Any] = ()
    if isinstance(opts.providers, Mapping):
        listed = opts.providers.values()
    elif opts.providers:
        listed = opts.providers
    for found in (opts.provider, *listed):
        if isinstance(found, pulumi.ProviderResource) and found.package == "aws":
            return found
    return opts.parent.get_provider("aws::") if opts.parent is not None else None
