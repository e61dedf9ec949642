"""One reader for all files that kinetune writes and reads again, with one set of errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune.model.failure import UsageFailure
from kinetune.model.versioned_file import FileFormat, parse_document, read_document, report_damage

FACTS = FileFormat("kinetune facts", "facts", "save them with --save-facts FILE")


def test_the_document_of_a_file_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text('{"kind": "kinetune facts", "schema": 1, "rows": 7}')
    assert read_document(path, FACTS)["rows"] == 7


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "f.json is not JSON or is truncated: "),
        ('{"kind": "kinetune facts", "sch', "f.json is not JSON or is truncated: "),
        ("[" * 100_000, "f.json is not JSON or is truncated: "),
        ("[]", "f.json contains no facts; save them with --save-facts FILE"),
        ('{"kind": "kinetune explain", "schema": 1}', "f.json contains no facts; "),
        ('{"kind": "kinetune facts", "schema": 2}', "f.json has schema 2, this kinetune reads 1; update kinetune"),
        ('{"kind": "kinetune facts"}', "f.json has schema None, this kinetune reads 1; "),
    ],
)
def test_any_other_text_is_an_error_that_names_the_file(text: str, error: str) -> None:
    with pytest.raises(UsageFailure) as failure:
        parse_document(text, "f.json", FACTS)
    assert str(failure.value).startswith(error)


def test_a_file_that_cannot_be_read_is_named_with_the_cause(tmp_path: Path) -> None:
    with pytest.raises(UsageFailure) as failure:
        read_document(tmp_path / "f.json", FACTS)
    assert str(failure.value) == f"cannot read {tmp_path}/f.json: No such file or directory; {FACTS.remedy}"


@pytest.mark.parametrize(
    ("error", "cause"),
    [(KeyError("rows"), "field 'rows' is missing"), (TypeError("int was expected"), "int was expected")],
)
def test_a_document_that_cannot_be_decoded_is_damaged(error: Exception, cause: str) -> None:
    with pytest.raises(UsageFailure) as failure, report_damage("f.json", FACTS):
        raise error
    assert str(failure.value) == f"f.json is damaged: {cause}; {FACTS.remedy}"
