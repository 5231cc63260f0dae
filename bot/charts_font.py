"""The one font of all charts: it comes with a package, because a server has no Chinese fonts of its own."""

import pylopdf_fonts_zh_cn

FAMILY = "Noto Sans SC"


def font_path() -> str:
    """The file of Noto Sans SC Regular (Latin and simplified Chinese). Without it resvg draws empty boxes, silently."""
    return str(pylopdf_fonts_zh_cn.sans_path())
