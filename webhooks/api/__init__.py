"""The read API: leads, persons, credits and what happened, for systems that show a token."""

from webhooks.api.router import router

__all__ = ["router"]
