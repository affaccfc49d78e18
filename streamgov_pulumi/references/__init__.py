"""The live look of a stack's file at preview: does what it names exist? Asked beside the registration, never in it.

::

    components._wanted             what a configuration refers to, and where it says so
      → providers.reference_kinds  how each kind is looked for, and what is said if it is not there
      → providers.reference_looks  one thread an account
      → live_look                  what was found is logged at the end, or refused

In a program of one's own the resources of the components ask the same (``components._looks``).
"""

from streamgov_pulumi.references.live_look import LiveLook

__all__ = ["LiveLook"]
