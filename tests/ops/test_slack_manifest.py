"""The manifest is complete, within Slack's lengths, and asks for what the code uses."""

import json
import re

import pytest
from pydantic import SecretStr

from crm.settings import Settings, SettingsError
from ops import slack_manifest
from ops.slack_manifest import manifest

NEEDED = {
    "chat.postMessage": "chat:write",
    "a public channel not joined": "chat:write.public",
    "conversations.join": "channels:join",
    "users.info": "users:read",
    "e-mail in users.info": "users:read.email",
    "files.getUploadURLExternal": "files:write",
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "slash commands": "commands",
    "link_shared": "links:read",
    "chat.unfurl": "links:write",
    "a dropped file": "files:read",
    "a message to somebody by their id": "im:write",
    "usergroups.list": "usergroups:read",
}


@pytest.fixture
def made():
    return manifest(Settings(base_url="https://crm.example.com/"))


def test_every_address_is_ours(made):
    urls = re.findall(r'"(https?://[^"]+)"', json.dumps(made))
    assert set(urls) == {"https://crm.example.com/slack/events", "https://crm.example.com/slack/oauth_redirect"}


@pytest.mark.parametrize("scope", NEEDED.values(), ids=NEEDED.keys())
def test_each_thing_that_we_do_has_its_scope(made, scope):
    assert scope in made["oauth_config"]["scopes"]["bot"]


def test_no_scope_is_asked_for_that_nothing_needs(made):
    assert set(made["oauth_config"]["scopes"]["bot"]) == set(NEEDED.values())


def test_each_kind_of_event_that_we_read_is_asked_for(made):
    assert set(made["settings"]["event_subscriptions"]["bot_events"]) == {
        "app_home_opened", "app_mention", "app_uninstalled", "link_shared", "message.im", "team_join", "tokens_revoked",
        "user_change", "user_profile_changed",
    }  # fmt: skip


def test_every_text_has_a_length_that_slack_takes(made):
    shown, features = made["display_information"], made["features"]
    assert len(shown["name"]) <= slack_manifest.NAME
    assert len(shown["description"]) <= slack_manifest.DESCRIPTION
    assert 174 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", features["bot_user"]["display_name"])
    assert all(len(shortcut["name"]) <= slack_manifest.SHORTCUT for shortcut in features["shortcuts"])
    assert all(len(shortcut["description"]) <= 150 for shortcut in features["shortcuts"])
    assert len(features["slash_commands"][0]["usage_hint"]) <= slack_manifest.HINT


def test_each_shortcut_has_a_name_of_its_own(made):
    names = [shortcut["callback_id"] for shortcut in made["features"]["shortcuts"]]
    assert len(set(names)) == len(names)


def test_people_can_write_to_the_app_and_see_its_home_page(made):
    home = made["features"]["app_home"]
    assert (home["home_tab_enabled"], home["messages_tab_enabled"]) == (True, True)
    assert home["messages_tab_read_only_enabled"] is False


def test_links_to_leads_are_ours(made):
    assert made["features"]["unfurl_domains"] == ["crm.example.com"]


def test_with_an_app_token_slack_needs_no_address():
    made = manifest(Settings(slack_app_token=SecretStr("xapp-1")))
    assert made["settings"]["socket_mode_enabled"] is True
    assert re.findall(r'"(https?://[^"]+)"', json.dumps(made)) == []


def test_an_own_name_of_the_command_is_taken_over():
    made = manifest(Settings(base_url="https://x.example", slack_command="/crm"))
    assert made["features"]["slash_commands"][0]["command"] == "/crm"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"base_url": ""}, "SLUICE_BASE_URL"),
        ({"base_url": "http://crm.example.com"}, "SLUICE_BASE_URL"),
        ({"base_url": "https://" + "x" * 1000}, "SLUICE_BASE_URL"),
        ({"base_url": "https://x.example", "slack_command": "crm"}, "SLUICE_SLACK_COMMAND"),
        ({"base_url": "https://x.example", "slack_command": "/" + "x" * 32}, "SLUICE_SLACK_COMMAND"),
        ({"base_url": "https://x.example", "slack_command": "/two words"}, "SLUICE_SLACK_COMMAND"),
    ],
)
def test_a_setting_that_slack_would_refuse_is_named(wrong, named):
    with pytest.raises(SettingsError, match=named):
        manifest(Settings(**wrong))
