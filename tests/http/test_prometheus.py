from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kinetune.http.prometheus import Sample, samples


def test_samples_keep_labels_and_values_and_pass_over_the_rest() -> None:
    text = """# HELP a_total Helps.
# TYPE a_total counter
a_total 3
a_total{x="1",y="say \\"so\\"\\n"} 2.5 1700000000000
a_bucket{le="+Inf",} +Inf
no sample at all
a_total{x="1" 3
"""
    assert list(samples(text)) == [
        Sample("a_total", {}, 3.0),
        Sample("a_total", {"x": "1", "y": 'say "so"\n'}, 2.5),
        Sample("a_bucket", {"le": "+Inf"}, float("inf")),
    ]


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    for one in samples(text):
        assert one.name


@given(st.text(alphabet='{}",=\\ a1\n'))
def test_no_broken_label_breaks_the_reading(text: str) -> None:
    list(samples(text))
