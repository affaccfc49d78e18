"""What an argument may be: rules that annotate the argument types, and from which everything about them derives.

The argument types (TypedDicts) of the components are the one list of settings. An annotation says what a type cannot::

    project_id: Annotated[pulumi.Input[str], PROJECT_ID]

The reader of stack files, their JSON schema and the configuration reference are made of these annotations
(``streamgov_pulumi.config``). The components themselves need none of them.
"""
