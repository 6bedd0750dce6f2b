"""The suite's own reading of the contract file."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from contracts.size import Size
from contracts.spec import Basis, SpecError, default_path, load, read
from tests.suite.variants import GONE, changed, own


def test_the_project_has_its_contract_where_the_suite_looks() -> None:
    spec = load()
    assert spec.path == default_path()
    assert len(spec.rules) == 59
    assert spec.example_request["model"] == "gpt-image-2-all"


def test_every_rule_has_a_statement_a_source_and_examples() -> None:
    for rule in own().rules.values():
        assert rule.statement, rule.id
        assert rule.cites, rule.id
        assert len(rule.examples) >= 3, rule.id


def test_tables_are_typed_as_they_are_meant() -> None:
    facts = own().facts
    assert facts.price.per_image["4K"]["high"] == Decimal("0.23")
    assert facts.size_ratio.long_to_short_max == Fraction(3)
    assert facts.tier.tiers[1].typical[1] == Size(2048, 1152)
    assert facts.tier.tiers[2].long_edge_max is None
    assert facts.hook_retry.retry_after_s == (1.0, 2.0, 4.0)
    assert facts.private_url.networks[1].prefixlen == 8


def test_fields_come_from_the_schemas() -> None:
    spec = own()
    n = spec.field("n")
    assert (n.minimum, n.maximum, n.default) == (1, 10, 1)
    assert spec.field("prompt").max_length == 32000
    assert spec.field("prompt").required
    assert not n.required
    assert spec.field("quality").enum == ("low", "medium", "high", "auto")
    assert spec.default("output_format") == "png"
    assert "image[]" in spec.fields["EditFormRequest"]


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(SpecError, match=r"no field 'colour'"):
        own().field("colour")
    with pytest.raises(SpecError, match=r"the default of the field 'prompt'"):
        own().default("prompt")


def test_a_part_is_judged_by_its_own_basis() -> None:
    derive = own().rules["derive"]
    assert derive.basis_of() is Basis.STATED
    assert derive.basis_of("exact") is Basis.ASSUMED
    with pytest.raises(SpecError, match=r"derive.parts: no part 'colour'; there are: defaults, ex"):
        derive.basis_of("colour")


@pytest.mark.parametrize(
    "edits, message",
    [
        ({"size-grid/data/multiples": 16}, "size-grid.data: unknown key 'multiples'; allowed: mu"),
        ({"size-grid/colour": "red"}, "rules.size-grid: unknown key 'colour'; allowed: basis"),
        ({"mode/data/delay": 3}, "mode.data: unknown key 'delay'; allowed: no key at all"),
        ({"tier/data/tiers/1/colour": "red"}, r"tier.data.tiers\[1\]: unknown key 'colour'"),
        ({"tier/examples/0/then": {}}, r"tier.examples\[0\]: unknown key 'then'"),
        ({"x-contract/colour": "red"}, "x-contract: unknown key 'colour'"),
        ({"latency/data/seconds/low/mean": 3}, "latency.data.seconds.low: unknown key 'mean'"),
    ],
)
def test_an_unknown_key_is_refused_with_its_place(edits: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        changed(edits)


@pytest.mark.parametrize(
    "edits, message",
    [
        ({"size-grid/data/multiple": GONE}, "size-grid.data: the key 'multiple' is missing"),
        ({"size-grid/data/multiple": "16"}, "multiple: an integer is needed; got '16'"),
        ({"size-grid/data/multiple": True}, "multiple: an integer is needed; got True"),
        ({"price/data/per_image/1K/low": 0.005}, "1K.low: a quoted decimal.* got 0.005"),
        ({"price/data/per_image/1K/low": "-1"}, "1K.low: a quoted decimal.* got '-1'"),
        ({"price/data/per_image/1K/low": "NaN"}, "1K.low: a quoted decimal.* got 'NaN'"),
        ({"size-ratio/data/long_to_short_max": 3}, "a quoted ratio such as '3:1' is needed"),
        ({"tier/data/tiers/0/typical/0": "1024"}, r"typical\[0\]: a size such as 1024x1024"),
        ({"private-url/data/networks/0": "10.0.0.1/8"}, r"networks\[0\]: .*host bits"),
        ({"fail-codes/data/retryable/OTHER": "no"}, "OTHER: true or false is needed; got 'no'"),
        ({"size-grid/basis": "guessed"}, "size-grid.basis: one of stated, .* got 'guessed'"),
        ({"derive/parts/exact": "guessed"}, "derive.parts.exact: one of stated"),
        ({"size-grid": GONE}, "x-contract.rules: the key 'size-grid' is missing"),
        ({"x-contract/version": 2}, "x-contract.version: 1 is needed; got 2"),
        ({"x-contract": GONE}, "the contract file: the key 'x-contract' is missing"),
        ({"components/schemas/N": GONE}, "#/components/schemas/N: nothing is there"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(edits: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        changed(edits)


@pytest.mark.parametrize(
    "edits, message",
    [
        ({"tier/data/tiers/0/long_edge_max": 2048}, "long_edge_max must ascend"),
        ({"tier/data/tiers/2/long_edge_max": 3840}, "the last tier, and no other, has"),
        ({"tier/data/tiers/2/name": "8K"}, "one row for each tier .1K, 2K, 8K. is needed"),
        ({"price/data/per_image/1K/best": "1"}, "per_image.1K: the qualities of latency"),
        ({"price-auto/data/billed_as/auto": "best"}, "billed_as.auto: must be billed as"),
        ({"derive/data/default_resolution": "3K"}, "default_resolution: no such tier"),
        ({"task-steps/data/next/pending/0": "started"}, "no entry for the state 'started'"),
        ({"task-poll/data/fields/failed": GONE}, "the states of task-steps.data.next are"),
        ({"latency/data/seconds/low/min": 41}, "seconds.low: min <= mode <= max is needed"),
        ({"components/schemas/Quality/enum": ["low", "auto"]}, "components.schemas.Quality.enum"),
        ({"components/schemas/FailCode/enum": ["OTHER"]}, "components.schemas.FailCode.enum"),
        ({"components/schemas/Resolution/enum": ["1K", "2K"]}, "components.schemas.Resolution"),
        ({"components/schemas/OutputFormat/enum": ["png"]}, "components.schemas.OutputFormat"),
        ({"components/schemas/Background/enum": ["auto"]}, "components.schemas.Background.enum"),
        ({"components/schemas/TaskState/enum": ["failed"]}, "components.schemas.TaskState.enum"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(edits: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        changed(edits)


def test_a_key_that_is_there_twice_is_refused_with_its_line() -> None:
    with pytest.raises(SpecError, match="line 2: the key 'a' is there twice"):
        read("a: 1\na: 2\n")


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: [", "the contract file is no YAML"),
        ("[]", "the contract file: a mapping is needed; got"),
        ("x-contract: {version: 1, example_request: {}, rules: {off: 1}}", "keys are texts"),
    ],
)
def test_a_text_that_is_no_contract_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read(text)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"contract.yaml: No such file"):
        load(tmp_path / "contract.yaml")
