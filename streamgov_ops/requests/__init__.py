"""Subscription requests as their approver sees them, with the approver's own credentials.

The portal approves as well; it does not show the end of access as such, and has no field to shorten it
(streamgov_core/domain/approval.py).
"""
