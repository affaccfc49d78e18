"""How people ask for a stream: the form of a subscription request, and the rule that makes requests bring it."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from streamgov_core.model.access_request import request_form_model
from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.choices import OPTIONAL, REQUEST_FORM_USES, REQUIRED
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._settings import child, if_said
from streamgov_pulumi.providers import FormType, Rule


def check_use(use: str | None) -> str:
    """A ``use`` that exists, by default ``optional``.

    Raises:
        ConfigError: it is none of REQUEST_FORM_USES.
    """
    if use is None:
        return OPTIONAL
    if use not in REQUEST_FORM_USES:
        raise ConfigError(f"use of the request form must be one of {', '.join(REQUEST_FORM_USES)}, got {use!r}")
    return use


class StreamRequestFormArgs(TypedDict):
    """Arguments of StreamRequestForm."""

    account: AccountInput
    """The domain's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    owning_project_id: pulumi.Input[str]
    """The project that owns the form type."""
    use: NotRequired[str]
    """Plain: ``optional`` (default): a request may bring the form. ``required``: a rule refuses requests without it."""
    asset_types: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of the asset types whose requests need the form. Needed if it is required."""
    domain_unit_id: NotRequired[pulumi.Input[str]]
    """Domain unit that the rule stands on; it reaches the units below, too. Default: the domain's root."""
    data_products: NotRequired[pulumi.Input[bool]]
    """Requests for data products need the form, too: for every one of the domain unit. Default false."""
    adopt_existing: NotRequired[pulumi.Input[bool]]
    """Take over a form type and a rule of these names that exist already."""
    allow_breaking: NotRequired[pulumi.Input[bool]]
    """Accept changes of the form type that requests made so far cannot follow. Default false."""


class StreamRequestForm(AccountComponent):
    """The form type ``StreamAccessRequestFormType`` and, if it is required, the rule that enforces it.

    The rule pins the form's revision: a new revision of the form changes the rule with it.
    """

    form_type_name: pulumi.Output[str]
    """Name of the form type, the ``typeIdentifier`` of a request's metadata form."""
    revision: pulumi.Output[str]
    """Its current revision."""

    def __init__(self, name: str, args: StreamRequestFormArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("StreamRequestForm", name, args, StreamRequestFormArgs, opts)
        settings = self._account.settings
        use = check_use(args.get("use"))
        common: dict[str, Any] = {
            "domain_id": args["domain_id"],
            "adopt_existing": args.get("adopt_existing", False),
            **self._account.session_inputs(),
        }
        model = request_form_model(settings.names)
        form = FormType(
            name,
            {
                "name": model.name,
                "model": model.smithy(),
                "description": model.description,
                "owning_project_id": args["owning_project_id"],
                # Left out unless it is set: what is not an input of the form itself should not show in its state.
                **if_said("allow_breaking", args.get("allow_breaking", False)),
                **common,
            },
            child(self),
        )
        if use == REQUIRED:
            self._rule(name, args, form, common)
        self.form_type_name = form.name
        self.revision = form.revision
        self.register_outputs({"form_type_name": self.form_type_name, "revision": self.revision})

    def _rule(self, name: str, args: StreamRequestFormArgs, form: FormType, common: dict[str, Any]) -> None:
        asset_types = args.get("asset_types")
        if not asset_types:
            raise ConfigError(
                "asset_types of the request form is needed if the form is required: without it the rule would hold for "
                "requests for every asset of the domain"
            )
        Rule(
            f"{name}-rule",
            {
                "name": self._account.settings.names.regional("request-form"),
                "description": "A subscription request for a stream says how it is to be used and until when",
                "action": "CREATE_SUBSCRIPTION_REQUEST",
                "domain_unit_id": args.get("domain_unit_id"),
                "asset_types": asset_types,
                "data_products": args.get("data_products", False),
                "metadata_forms": [{"type_identifier": form.name, "type_revision": form.revision}],
                **common,
            },
            child(self),
        )
