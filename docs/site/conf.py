"""How Sphinx builds the site; make.py calls it with the pages."""

project = "runcheck"
copyright = "the maintainers of runcheck"  # noqa: A001 - the name is Sphinx'
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "runcheck"
html_copy_source = False
html_show_sphinx = False
nitpicky = True
myst_heading_anchors = 4  # as GitHub and GitLab make them, so that a link works there and here
suppress_warnings = ["myst.header"]  # a clause is a heading of the third level, below the title of its chapter
