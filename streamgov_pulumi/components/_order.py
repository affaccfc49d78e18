"""What is made first: everything inside a component stands behind some resources, at any depth."""

from collections.abc import Sequence

import pulumi

from streamgov_pulumi.components._account import Account
from streamgov_pulumi.components._settings import child
from streamgov_pulumi.providers import DeploymentMarker


def behind(first: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:
    """Options of a component whose descendants depend on ``first``, as far as that is filled when they are made.

    A component's own ``depends_on`` does not reach its children.

    Args:
        first: what is made before all others; its own members do not wait.
        opts: the component's other options.
    """

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        waits = [item for item in first if item is not args.resource]
        if not waits or isinstance(args.resource, (pulumi.ComponentResource, pulumi.ProviderResource)):
            return None
        more = pulumi.ResourceOptions(depends_on=waits)
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, more))

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[add]))


def marker(logical_name: str, side: str, account: Account, parent: pulumi.Resource) -> DeploymentMarker:
    """The marker that says that this stack deploys a side of the namespace in an account.

    Args:
        logical_name: the resource's name in the stack.
        side: ``domain`` or ``member``.
        account: the account.
        parent: the component that owns it.
    """
    inputs = {
        "namespace": account.settings.names.namespace,
        "side": side,
        "account": account.settings.account,
        "owner": f"{pulumi.get_organization() or 'organization'}/{pulumi.get_project()}/{pulumi.get_stack()}",
        **account.session_inputs(),
    }
    return DeploymentMarker(logical_name, inputs, child(parent))
