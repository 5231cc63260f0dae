"""What the WeCom tests share: an installation on the double, tokens in memory, and cards that exceed everything."""

from bot.cards.model import Actions, Button, Card, Field, Fields, Form, Image, Input, Option, Row, Select, Text
from bot.platforms.base import Workspace
from bot.platforms.wecom import WeCom
from bot.platforms.wecom_tokens import Fetch
from tests.doubles.wecom import WeComDouble

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20
EMOJI = "👩‍👩‍👧‍👦🚀"
HOSTILE = [
    "<!channel>", "<@U0123>", "<@ann>", "@all", "@ALL 请看", "@所有人", "<http://x|bank>", "[bank](http://evil.example)",
    "&lt;@all&gt;", "`rm -rf`", "```code```", "# heading", "\n# heading", "> quote", "**bold**", "*b*",
    '<font color="warning">x</font>', '<a href="http://evil.example">bank</a>', "http://evil.example",
    "www.evil.example", "\u202egnp.exe", "\u200bhidden", "]]>", "a\nb\n# c", "\x00\x07",
]  # fmt: skip


class MemoryTokens:
    """Tokens of one process, without any store."""

    def __init__(self) -> None:
        self.token: str | None = None

    def current(self, workspace: Workspace) -> str | None:
        return self.token

    def renew(self, workspace: Workspace, stale: str | None, fetch: Fetch) -> str:
        self.token = fetch().value
        return self.token


def installed(double: WeComDouble, **secrets: str) -> Workspace:
    """The installation that the double knows."""
    return Workspace(
        id=1,
        org_id=1,
        platform="wecom",
        external_id=f"{double.corp_id}/{double.agent_id}",
        secrets={"secret": double.secret, "token": double.token, "aes_key": double.aes_key, **secrets},
        config={"corp_id": double.corp_id, "agent_id": double.agent_id},
    )


def adapter(double: WeComDouble) -> WeCom:
    """The platform, pointed at the double."""
    return WeCom(MemoryTokens(), api_url=double.url)


def buttons(count: int, **more: bool) -> Actions:
    """So many buttons about so many leads."""
    return Actions(tuple(Button("lead.claim", f"领取{n}", f"L-{n}", **more) for n in range(count)))


def lead_card() -> Card:
    """An everyday card: short words, few fields, three buttons."""
    return Card(
        title="新线索 王芳",
        ref="L-12",
        version=7,
        blocks=(
            Text("轮到你了：本周最少"),
            Fields((Field("电话", "138****0000"), Field("来源", "官网"))),
            Actions(
                (
                    Button("lead.log", "跟进", "L-12", style="primary"),
                    Button("lead.later", "稍后回电", "L-12"),
                    Button("lead.release", "释放", "L-12", style="danger", more=True),
                )
            ),
        ),
    )


def pool_list(rows: int) -> Card:
    """A list with the same button in every row."""
    listed = (Row(f"L-{n} 客户{n}", "等了3天", (Button("lead.claim", "领取", f"L-{n}"),)) for n in range(rows))
    return Card("公海", tuple(listed))


def excess(unit: str) -> Card:
    """Everything of a card, each part far beyond its limit, in words of the given unit."""
    long = unit * 700
    picks = tuple(Option(f"{n}-{unit * 3}", long) for n in range(40))
    return Card(
        title=long,
        ref="L-12",
        version=3,
        tone="bad",
        footer=long,
        blocks=(
            Text(long),
            Text(f"{long}\n{long}", "strong"),
            Text(long, "quiet"),
            Fields((*(Field(unit * n, long) for n in range(1, 20)), Field("", "x"), Field("x", ""))),
            *(Row(long, long, (Button("lead.open", long, f"L-{n}"),)) for n in range(30)),
            Image(PNG, alt=long),
            Actions((Select("lead.stage", long, picks, "nothing"), Select("lead.other", long, picks))),
            Actions(tuple(Button("lead.claim", long, f"L-{n}") for n in range(20))),
            Actions(tuple(Button("lead.huge", long, unit * 2000) for _ in range(3))),
            Actions((Button("web.open", long, url="https://crm.example/" + "x" * 3000), Button("a.b", "", "L-1"))),
        ),
    )


def choices(count: int = 2, options: int = 3) -> Form:
    """A form of choices only, with a hidden input."""
    picks = tuple(Option(f"o{n}", f"选项{n}") for n in range(options))
    asked = tuple(Input(f"q{n}", f"问题{n}", "select", picks) for n in range(count))
    return Form("lead.log", "记录跟进", "提交", (*asked, Input("how", "", "hidden", value="a=b|c&d")), value="L-12")


def note_form() -> Form:
    """A form that wants typed words."""
    picks = (Option("call", "电话"), Option("visit", "拜访"))
    asked = (Input("text", "内容", "multiline"), Input("by", "方式", "select", picks))
    return Form("lead.log", "记录跟进 <b>", "提交", asked, value="L-12")
