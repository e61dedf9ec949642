"""The first statement of the report of `kinetune hotspots`, if the rankings do not say everything."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.hotspots_result import HotspotsResult
from kinetune.model.report import Paragraph, Section, Tone


def show_conclusion(result: HotspotsResult) -> Iterator[Section]:
    """What the sources say as a whole, then what to do next."""
    found = result.conclusion
    if found is None or found.is_start_failure:
        return
    tone = Tone.GOOD if found.is_good else Tone.PLAIN if found.is_known else Tone.BAD
    yield Paragraph(f"{_capitalise(found.statement)}.", tone)
    if found.next_step:
        yield Paragraph(f"Next step: {found.next_step}.", tone)


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]
