"""Why Sluice cannot start, said to the person in front of it."""


class StartError(Exception):
    """Sluice cannot start; the message is one clear sentence that names the cause and the way out."""
