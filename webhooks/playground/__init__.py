"""The playground: a chat in the browser, on the same doors and bots as every other platform."""

from webhooks.playground.api import router

__all__ = ["router"]
