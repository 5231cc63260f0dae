"""Addresses as QR codes: a picture for a chat, a drawing for a page."""

from __future__ import annotations

import io

import segno

QUIET = 4  # modules of white around it, without which many phones do not find it


def png(address: str) -> bytes:
    """Black on white, large enough for a phone that is held at a screen."""
    picture = io.BytesIO()
    code(address).save(picture, kind="png", scale=6, border=QUIET)
    return picture.getvalue()


def svg(address: str) -> str:
    """The same as a drawing to stand inside a page, as wide as the page wants it."""
    drawn = code(address).svg_inline(border=QUIET, omitsize=True, svgclass="qr", lineclass=None, light="#fff")
    return str(drawn)


def code(address: str) -> segno.QRCode:
    """Readable with a tenth of it dirty or torn."""
    return segno.make_qr(address, error="m")
