"""The app's menu: within WeCom's limits, and every entry a command that Sluice knows."""

import pytest

from bot import router
from bot.platforms.base import InstallationDead
from crm.db import Database
from ops.sockets import Sockets
from ops.wecom_menu import install_menu, menu
from tests import command_line
from tests.bot.platforms.wecom_kit import adapter, installed
from tests.build import SECRET, company
from tests.doubles.wecom import WeComDouble
from tests.doubles.wecom_rules import check_menu

LOCALES = ["zh", "en", "zh_CN", "en-GB", "fr"]


def entries(locale: str) -> list[dict[str, str]]:
    """All entries of a menu."""
    return [entry for top in menu(locale)["button"] for entry in top["sub_button"]]


@pytest.mark.parametrize("locale", LOCALES)
def test_the_menu_keeps_to_the_limits(locale: str) -> None:
    check_menu(menu(locale))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_entry_is_a_command(locale: str) -> None:
    unknown = [entry["key"] for entry in entries(locale) if router.match(entry["key"]) is None]
    assert unknown == []


def test_both_languages_offer_the_same() -> None:
    assert [entry["key"] for entry in entries("zh")] == [entry["key"] for entry in entries("en")]
    assert not {entry["name"] for entry in entries("zh")} & {entry["name"] for entry in entries("en")}


def test_the_menu_is_installed_on_the_app() -> None:
    with WeComDouble() as wecom:
        install_menu(adapter(wecom), installed(wecom), locale="zh")
        assert [top["name"] for top in wecom.menus[wecom.agent_id]["button"]] == ["今日", "公海", "更多"]


def test_a_wrong_secret_is_told() -> None:
    with WeComDouble() as wecom, pytest.raises(InstallationDead):
        install_menu(adapter(wecom), installed(wecom, secret="wrong"), locale="en")


def settled(monkeypatch: pytest.MonkeyPatch, engines: Sockets, url: str, wecom: WeComDouble) -> None:
    """The environment of a command that talks to the double."""
    monkeypatch.setenv("SLUICE_DATABASE_URL", url)
    monkeypatch.setenv("SLUICE_REDIS_URL", engines.redis_url)
    monkeypatch.setenv("SLUICE_SECRET_KEY", SECRET)
    monkeypatch.setenv("SLUICE_WECOM_API_URL", wecom.url)


def test_the_command_line_installs_it(
    monkeypatch: pytest.MonkeyPatch, engines: Sockets, migrated_url: str, database: Database
) -> None:
    acme = company(database)
    with WeComDouble() as wecom:
        wecom.corp_id, wecom.secret = f"ww{acme.org_id:016d}", f"secret-{acme.org_id}"
        settled(monkeypatch, engines, migrated_url, wecom)
        result = command_line.sluice(["wecom", "menu", "--app", f"{wecom.corp_id}/1000002", "--locale", "en"])
        assert (result.exit_code, [top["name"] for top in wecom.menus[1000002]["button"]]) == (
            0,
            ["Today", "Pool", "More"],
        )


def test_the_command_line_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, engines: Sockets, migrated_url: str, database: Database
) -> None:
    acme = company(database)
    with WeComDouble() as wecom:
        settled(monkeypatch, engines, migrated_url, wecom)
        unknown = command_line.sluice(["wecom", "menu", "--app", "nobody/1"])
        refused = command_line.sluice(["wecom", "menu", "--app", f"ww{acme.org_id:016d}/1000002"])
    assert (unknown.exit_code, refused.exit_code) == (2, 2)
    assert "nobody/1" in unknown.output
    assert "40013" in refused.output


def test_the_command_line_compares_with_wecom_and_says_what_is_refused(
    monkeypatch: pytest.MonkeyPatch, engines: Sockets, migrated_url: str, database: Database
) -> None:
    with WeComDouble() as wecom:
        acme = company(database)
        wecom.corp_id, wecom.secret = f"ww{acme.org_id:016d}", f"secret-{acme.org_id}"
        settled(monkeypatch, engines, migrated_url, wecom)
        here = ["wecom", "compare", "--app", f"{wecom.corp_id}/1000002"]
        compared = command_line.sluice(here)
        wecom.no_contacts_for_apps = True
        refused = command_line.sluice(here)
    assert (compared.exit_code, "compared" in compared.output) == (0, True)
    assert refused.exit_code != 0
    assert "48002" in refused.output
