"""How Sphinx builds the documentation site; `docs/build.py` says of what."""

project = "Sluice"
copyright = "the Sluice authors"  # noqa: A001  (Sphinx calls it that)
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Sluice"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
myst_heading_anchors = 4
pygments_style = "friendly"
pygments_dark_style = "monokai"
