"""A stand-in for the ``aws`` resource plugin of Pulumi, for machines that cannot download the real one.

It serves exactly the ``aws:*`` types that the program uses, against the emulator and nothing else. What it proves: the
program's graph, order, inputs, steady state, and that each resource works with the rest. What it cannot prove: the
real provider's defaults and its rules of what forces a replacement, which are written here from its documentation.

UNVERIFIED[pulumi-defaults] against the real plugin:

- that a cluster's security groups force a replacement and its authentication does not;
- the retry policy that an event target shows when none was given;
- the resource ids of policy grants and blueprint configurations, and the longest automatic names of DataZone's types;
- that DataZone's AccessDenied at a deletion counts as "gone already" for every type, and not only for some.

Otherwise on purpose: code that was changed by hand shows as drift of ``code`` (the real provider compares
``sourceCodeHash``, if a program sets it), and an update that the real provider plans but silently cannot carry out
(the domain of a project, the profile of an environment) is refused with a sentence.
"""
