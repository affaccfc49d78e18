"""Who may read or write a stream by the live policies of every account, and how that differs from the grant ledger.

`inventory` reads principals, `organization` service control policies, `streams` the resources; `evaluation` asks
`iam_evaluation`; `chains` follows roles that may be assumed; `differences` compares with the ledger.
"""
