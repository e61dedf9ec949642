"""A rule's page as a value, for whoever shows it."""

from __future__ import annotations

from kinetune.model.judgement import RulePage
from kinetune.rules.rule import Rule


def page(rule: Rule) -> RulePage:
    sections = tuple((section.title, section.text) for section in rule.sections)
    return RulePage(rule.code, rule.name, rule.severity, rule.claim, sections)
