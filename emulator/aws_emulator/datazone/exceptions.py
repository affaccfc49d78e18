"""Errors of the DataZone API, with the status codes of botocore's error shapes."""

from __future__ import annotations

from aws_emulator.api import ApiError


def validation(message: str) -> ApiError:
    """400: the request breaks a rule of the service."""
    return ApiError("ValidationException", message, 400)


def access_denied(message: str) -> ApiError:
    """403: the caller lacks membership, ownership or association."""
    return ApiError("AccessDeniedException", message, 403)


def not_found(what: str, identifier: str) -> ApiError:
    """404: an object does not exist in the domain."""
    return ApiError("ResourceNotFoundException", f"{what} {identifier} not found", 404)


def conflict(message: str) -> ApiError:
    """409: the object is in use, exists already, or is in another state."""
    return ApiError("ConflictException", message, 409)


def quota_exceeded(message: str) -> ApiError:
    """402: DataZone answers a full quota with 402, not 400."""
    return ApiError("ServiceQuotaExceededException", message, 402)
