"""Render the templates in templates/. The only module that uses jinja2."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kinetune import quoting
from kinetune.resources import data_folder

if TYPE_CHECKING:
    from jinja2 import Environment

FILTERS = ("identifier", "literal", "shell", "yaml", "compose", "unit", "envfile", "remark")
"""Functions of kinetune.quoting that templates can use as filters of the same name."""


def render_template(template: str, /, **values: object) -> str:
    """The rendered text of templates/<template>. HTML is escaped; a variable without a value is an error."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415 - costs 40 ms

    environment = Environment(
        loader=FileSystemLoader(data_folder("templates")),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {name: getattr(quoting, name) for name in FILTERS}
    return environment
