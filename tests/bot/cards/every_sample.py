"""All samples of cards, from every file of them beside this."""

import importlib
import pkgutil

from tests.bot import cards
from tests.bot.cards.samples import SAMPLES

__all__ = ["SAMPLES"]

for module in pkgutil.iter_modules(cards.__path__, f"{cards.__name__}."):
    if ".samples_of_" in module.name:
        importlib.import_module(module.name)
