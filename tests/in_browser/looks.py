"""What an eye or a screen reader would find: what sticks out, what is too pale, what has no name."""

from typing import Any

from playwright.sync_api import Page

_OVERHANG = """() => Math.max(...[document.documentElement, document.querySelector('.scroller')]
    .map((part) => part.scrollWidth - part.clientWidth))"""

# Contrast as WCAG 2 defines it, of every visible piece of text against what is painted behind it.
_PALE = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const behind = (element) => {
    const colours = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      colours.unshift(colour);
      if (painted([colour])[3] === 255) break;
    }
    return colours;
  };
  const light = ([red, green, blue]) => [red, green, blue]
    .map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !element.closest(":disabled, .visually-hidden, option");
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  let count = 0;
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || !seen(element)) continue;
    count += 1;
    const ground = behind(element);
    const [one, other] = [light(painted([...ground, getComputedStyle(element).color])), light(painted(ground))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) pale.push(`${ratio.toFixed(2)} ${element.className} ${words.currentNode.data.slice(0, 30)}`);
  }
  return { count, pale };
}"""

ROLES = {"button", "link", "textbox", "combobox", "searchbox", "checkbox", "radio", "tab", "menuitem", "menuitemradio"}


def overhang(page: Page) -> int:
    """By how many pixels something is wider than the page or the conversation."""
    return int(page.evaluate(_OVERHANG))


def pale(page: Page) -> list[str]:
    """Texts whose contrast to their ground is below 4.5 to 1; at least ten were looked at."""
    told: dict[str, Any] = page.evaluate(_PALE)
    assert told["count"] > 10
    return list(told["pale"])


def nameless(page: Page) -> list[str]:
    """Controls without a name in the tree that a screen reader gets, from Chromium itself."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    known = [node for node in nodes if not node["ignored"] and node["role"]["value"] in ROLES | {"img"}]
    assert len(known) > 10
    return [str(node) for node in known if not node.get("name", {}).get("value", "").strip()]
