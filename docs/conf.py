"""How Sphinx builds the site (`make docs`): pages by MyST, the API from docstrings."""

import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import fibgap  # noqa: E402 - the checkout's own, wherever it is built

project = "fibgap"
author = "The fibgap developers"
copyright = f"2026, {author}"
version = release = fibgap.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]
# Every link must lead somewhere. Names of the library without a page of their own are plain code.
nitpicky = True
nitpick_ignore_regex = [("py:obj", r"fibgap\..+")]

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# `name` in a docstring is a link where it names something of the library.
default_role = "autolink"
autosummary_generate = True
autodoc_member_order = "bysource"
# The docstrings give shapes and units; types in the signature would say less.
autodoc_typehints = "none"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False

templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = f"fibgap {version}"
html_static_path = ["_static"]
html_css_files = ["fibgap.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages without siblings have no list of them.
html_sidebars = {page: [] for page in ("index", "api", "method", "reproduction", "reproduction/**")}
# Formulas are MathML, which browsers draw by themselves: no script, nothing to load.
html_math_renderer = "mathml"


#: The page of the public names, by what they are for: it is made from `fibgap.API`.
API_HEAD = """API reference
=============

.. currentmodule:: fibgap

Everything on this page is imported from ``fibgap`` itself, for example ``from fibgap import fill``.
Arrays have the axes ``(z, y, x)``; axis 0 is the milling direction. Solid is True. Lengths are in
voxels unless a name ends in ``_nm``. Input that cannot be right raises `InputError`.
"""


def write_api() -> None:
    """Write the page of the public names, and leave it alone where nothing changed."""
    text = API_HEAD
    for group, names in fibgap.API.items():
        text += f"\n{group}\n{'-' * len(group)}\n\n.. autosummary::\n   :toctree: api\n\n"
        text += "".join(f"   {name}\n" for name in names)
    page = DOCS / "api.rst"
    if not page.is_file() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


write_api()


def inline_formula(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def displayed_formula(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own."""
    writer.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def title_of_table(app: Sphinx, page: str, source: list[str]) -> None:
    """Make the bold first line of a table that the workflow wrote the title of its page."""
    if page.startswith("reproduction/"):
        title, rest = source[0].split("\n", 1)
        source[0] = f"---\norphan: true\n---\n# {title.strip('*')}\n{rest}"


def setup(app: Sphinx) -> None:
    """Enter the formulas' writers and the titles of tables."""
    app.connect("source-read", title_of_table)
    app.add_html_math_renderer("mathml", (inline_formula, None), (displayed_formula, None))
