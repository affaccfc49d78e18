"""The live look of a preview: does what the configuration names exist? Asked beside the registration, never in it.

::

    wanted   what a configuration refers to, and where it says so
      → kinds    how each kind is looked for, and what is said if it is not there
      → live_look  one thread an account; what was found is logged at the end, or refused
"""

from streamgov_pulumi.references.live_look import LiveLook

__all__ = ["LiveLook"]
"""What runs beside a preview."""
