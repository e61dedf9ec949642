from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kinetune.http.prometheus import MetricSample, parse_samples


def test_samples_have_labels_and_values_and_other_lines_are_skipped() -> None:
    text = """# HELP a_total Helps.
# TYPE a_total counter
a_total 3
a_total{x="1",y="say \\"so\\"\\n"} 2.5 1700000000000
a_bucket{le="+Inf",} +Inf
no sample at all
a_total{x="1" 3
"""
    assert list(parse_samples(text)) == [
        MetricSample("a_total", {}, 3.0),
        MetricSample("a_total", {"x": "1", "y": 'say "so"\n'}, 2.5),
        MetricSample("a_bucket", {"le": "+Inf"}, float("inf")),
    ]


@given(st.text())
def test_no_text_raises_an_error(text: str) -> None:
    for one in parse_samples(text):
        assert one.name


@given(st.text(alphabet='{}",=\\ a1\n'))
def test_no_damaged_label_raises_an_error(text: str) -> None:
    list(parse_samples(text))
