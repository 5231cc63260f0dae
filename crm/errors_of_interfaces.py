"""Refusals about modules, tokens and calls to other systems."""

from __future__ import annotations

from crm.errors import Refusal, _


class ModuleNotFound(Refusal):
    code = "module_not_found"
    message = _("There is no module “{given}”. There are: {names}")


class ModuleOff(Refusal):
    code = "module_off"
    message = _("That is switched off here. To have it again: modules on {name}")


class TokenNotFound(Refusal):
    code = "token_not_found"
    message = _("There is no token “{given}”. Type tokens to see them.")


class ScopeNotFound(Refusal):
    code = "scope_not_found"
    message = _("A token cannot open “{given}”. It opens: {names}")


class HookNotFound(Refusal):
    code = "hook_not_found"
    message = _("There is no hook “{given}”. Type hooks to see them.")


class HookExists(Refusal):
    code = "hook_exists"
    message = _("That address is called already. Change what it is told: hooks topics {number} lead.won")


class HookAddress(Refusal):
    code = "hook_address"
    message = _("I do not call “{given}”. Give a public address that begins with https://")


class TopicNotFound(Refusal):
    code = "topic_not_found"
    message = _("There is no topic “{given}”. There are: {names}")
