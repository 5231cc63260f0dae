"""Imported once by the server from which test processes are forked: what takes a process seconds to learn."""

import ops.cli
import ops.worker
import webhooks.app
from bot.understanding.warm import warm_up

warm_up()

__all__ = ["ops", "webhooks"]
