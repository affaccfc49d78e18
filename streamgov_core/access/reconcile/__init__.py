"""The reconciler: finds, tells and finishes what no event, execution or function has finished.

``run`` is the domain account's function with its phases; ``survey`` reads DataZone, ``judge`` compares it with the
grant ledger, ``act`` puts right; ``sets`` and ``messages`` are what member accounts are asked, ``member`` and ``drift``
what they do; ``findings`` is what is told; ``workflow`` and ``permissions`` are how it is deployed.
"""
