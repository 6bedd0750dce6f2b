"""The whole lattice over the wire: what is sent, what is said of it, and what it may cost."""

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from contracts.lattice import main
from contracts.lattice.plan import REFUSED, Shard, beyond, legs, off_grid
from contracts.lattice.records import read
from contracts.lattice.sightings import Seen
from contracts.oracle import sizes
from contracts.size import Size
from tests.suite.small_lattice import EDITS, Reply, honest, picture, refusal, serving, small
from tests.suite.variants import document, own

Run = Callable[..., int]


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small contract as a file."""
    path = tmp_path_factory.mktemp("spec") / "openapi.yaml"
    path.write_text(yaml.dump(document(EDITS), Dumper=yaml.CSafeDumper), encoding="utf-8")
    return path


@pytest.fixture
def sizes_command(monkeypatch: pytest.MonkeyPatch) -> Run:
    """`contracts sizes` with the small contract; gives the exit code."""
    monkeypatch.setenv("API_KEY", "sk_test")
    monkeypatch.setenv("COLUMNS", "400")

    monkeypatch.setattr("contracts.lattice.command.spec.load", lambda _: small())
    return lambda *arguments: main([str(each) for each in arguments])


def everything() -> set[str]:
    return {
        str(p.size) for leg in legs(small(), legal_side=True, shard=Shard()) for p in leg.probes
    }


def refused_side() -> set[str]:
    way = legs(small(), legal_side=False, shard=Shard())
    return {str(probe.size) for leg in way for probe in leg.probes}


# --- What is sent ------------------------------------------------------------------------------


def test_the_way_covers_every_candidate_of_the_contract_once() -> None:
    way = legs(own(), legal_side=True, shard=Shard())
    expected = own().rules["tier"].examples[-1].expect
    by_tier = {leg.name: len(leg.probes) for leg in way if leg.name != REFUSED}
    sent = [probe.size for leg in way for probe in leg.probes]
    candidates = set(sizes.candidates(own()))
    assert by_tier == expected["by_tier"]
    assert len(candidates) == expected["candidates"]
    assert len(sent) == len(set(sent))
    assert candidates <= set(sent)
    assert set(sent) - candidates == set(beyond(own())) | set(off_grid(own()))


def test_off_the_grid_are_the_sizes_one_pixel_from_a_bound() -> None:
    off = {str(size) for size in off_grid(own())}
    assert {"3841x2160", "3839x2160", "3840x2161", "1023x640", "1024x639"} <= off
    assert {"1537x1024", "2049x2048", "1281x3840"} <= off
    assert not any(sizes.verdict(own(), size).legal for size in off)


def test_beyond_is_a_ring_of_nothing_and_of_one_step_too_much() -> None:
    ring = {str(size) for size in beyond(small())}
    assert {"0x0", "0x192", "208x16", "192x208", "208x208"} <= ring
    assert all({0, 208} & set(Size.parse(size) or ()) for size in ring)


def test_shards_share_the_way_without_gap_or_overlap() -> None:
    shards = [
        [
            str(p.size)
            for leg in legs(small(), legal_side=True, shard=Shard(n, 3))
            for p in leg.probes
        ]
        for n in (1, 2, 3)
    ]
    assert sorted(size for shard in shards for size in shard) == sorted(everything())


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "-1/2"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a shard is i/n with 1 <= i <= n, as in 1/4; got"):
        Shard.parse(text)


def test_every_size_is_sent_once_at_the_cheapest_quality(sizes_command: Run) -> None:
    with serving() as server:
        assert sizes_command("--base-url", server.base_url) == 0
    assert set(server.asked) == everything()
    assert set(server.asked.values()) == {1}


def test_the_command_waits_for_neither_pytest_nor_hypothesis() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "contracts", "sizes", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: contracts sizes")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "contracts.lattice.command" in imported
    assert not imported & {"pytest", "hypothesis", "schemathesis"}


# --- What is said of it ------------------------------------------------------------------------

ONE, TOO_LONG = Size(96, 96), Size(192, 48)
"""A legal size, and one of 4:1 that is not."""


def sinning(at: Size, reply: Reply) -> Callable[[Size], Reply | None]:
    return lambda size: reply if size == at else None


TASK = Reply(200, {"code": 200, "data": {"taskId": "t1"}})
EMPTY = Reply(200, {"created": 1, "data": []})
JUNK = Reply(200, {"created": 1, "data": [{"b64_json": "AAAA"}]})
SINS = [
    ("64x64", refusal("64 is unlucky"), "size-pixels", "HTTP 400: 64 is unlucky"),
    ("96x96", refusal("96, too"), "size-", "HTTP 400: 96, too"),
    ("80x80", picture(Size(80, 96)), "size-exact", "200 with a picture of 80x96"),
    ("96x64", TASK, "mode", "200 with a task"),
    ("64x96", EMPTY, "sync-shape", "HTTP 200 with 0 pictures"),
    ("96x80", JUNK, "sync-shape", "no whole PNG, JPEG or WebP"),
    ("80x96", Reply(200, "<html>hello"), "sync-shape", "HTTP 200, not JSON but text/html"),
    ("112x112", Reply(500, {"msg": "boom"}), "status", "HTTP 500: boom"),
    ("128x128", Reply(200, None), "status", "the connection was closed without an answer"),
    ("144x144", Reply(200, {"code": 422, "msg": "no"}), "size-", "HTTP 200 with code 422: no"),
    ("192x48", picture(Size(192, 48)), "size-ratio", "200 with a picture of 192x48"),
    ("48x192", TASK, "size-ratio", "200 with a task"),
    ("192x32", Reply(422, {"msg": "too long"}), "status", "HTTP 422: too long"),
    ("0x0", Reply(500, {"msg": "divided by zero"}), "status", "HTTP 500: divided by zero"),
    ("128x193", picture(Size(128, 193)), "size-", "200 with a picture of 128x193"),
    ("208x80", picture(Size(208, 80)), "size-edge", "200 with a picture of 208x80"),
    ("64x48", picture(Size(64, 48)), "size-pixels", "200 with a picture of 64x48"),
]


@pytest.fixture(scope="module")
def sinful(tmp_path_factory: pytest.TempPathFactory, spec_file: Path) -> Mapping[str, Any]:
    """The report on a server with all these sins, each at one size."""
    folder = tmp_path_factory.mktemp("sinful")
    replies = {size: reply for size, reply, *_ in SINS}
    with serving(lambda size: replies.get(str(size))) as server:
        aimed = ["--spec", str(spec_file), "--base-url", server.base_url, "--api-key", "sk_test"]
        code = main([*aimed, "--report", str(folder)])
    assert server.asked == Counter(everything())
    report, schema = (
        json.loads((folder / name).read_text()) for name in ("report.json", "report.schema.json")
    )
    return {**report, "code": code, "schema": schema}


@pytest.mark.parametrize("size,reply,rule,received", SINS)
def test_a_single_wrong_size_is_found_and_named(
    size: str, reply: Reply, rule: str, received: str, sinful: Mapping[str, Any]
) -> None:
    failures = [failure for verdict in sinful["rules"] for failure in verdict["failures"]]
    own_ones = [each for each in failures if f'"size": "{size}"' in each["curl"]]
    assert own_ones
    for failure in own_ones:
        assert failure["rule"].startswith(rule)
        assert size in failure["expected"]
        assert received in failure["received"]
        assert "$API_KEY" in failure["curl"]
        assert failure["times"] == 1


def test_a_report_with_sins_says_so(sinful: Mapping[str, Any]) -> None:
    assert sinful["code"] == sinful["exit_code"] == 1
    assert sinful["verdict"].startswith(f"{len(SINS)} of {len(everything())} sizes differ (")
    exact = next(each for each in sinful["rules"] if each["rule"] == "size-exact")
    assert (exact["outcome"], len(exact["failures"])) == ("fail", 1)


def test_the_report_keeps_the_schema_that_lies_beside_it(sinful: Mapping[str, Any]) -> None:
    report = {key: value for key, value in sinful.items() if key not in {"code", "schema"}}
    validator = jsonschema_rs.validator_for(sinful["schema"])
    assert [error.message for error in validator.iter_errors(report)] == []
    assert not validator.is_valid({**report, "surprise": 1})


def test_a_misread_ratio_is_shown_once_with_its_extent(
    sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def sin(size: Size) -> Reply | None:
        near = min(size) and 3 < max(size) / min(size) < 3.5
        grid = size.width % 16 == size.height % 16 == 0 and max(size) <= 192
        return picture(size) if near and grid and size.pixels >= 4096 else None

    with serving(sin) as server:
        assert sizes_command("--base-url", server.base_url) == 1
    told = capsys.readouterr().err
    assert told.count("FAIL size-ratio") == 1
    assert "expected  400, because 48x160 breaks size-ratio" in told
    assert (
        "the same at 1 more sizes (160x48 ...): widths 48 to 160, heights 48 to 160, "
        "long to short 3.33 to 3.33, 7,680 to 7,680 pixels"
    ) in told


def test_a_failure_told_as_200_warns_unless_observed_counts(sizes_command: Run) -> None:
    with serving(sinning(TOO_LONG, Reply(200, {"code": 400, "msg": "no"}))) as server:
        assert sizes_command("--base-url", server.base_url) == 0
        assert sizes_command("--base-url", server.base_url, "--also", "observed") == 1


@pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
def test_a_picture_of_another_format_still_has_its_size(
    image_format: str, sizes_command: Run
) -> None:
    with serving(sinning(ONE, picture(ONE, image_format))) as server:
        assert sizes_command("--base-url", server.base_url) == 0


def test_a_busy_target_leaves_sizes_unjudged_and_is_never_asked_twice(
    sizes_command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = Reply(429, {"msg": "slow down"})
    records = tmp_path / "records.jsonl"
    with serving(sinning(TOO_LONG, busy)) as server:
        assert sizes_command("--base-url", server.base_url, "--resume", records) == 3
    assert "no verdict on 1 sizes: the target was too busy" in capsys.readouterr().err
    assert server.asked[str(TOO_LONG)] == 1


# --- What it may cost --------------------------------------------------------------------------


def test_a_wrong_price_shows_in_the_balance(
    sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(surcharge=sinning(Size(128, 128), refusal())) as server:
        assert sizes_command("--base-url", server.base_url) == 1
    told = capsys.readouterr().err
    assert "the money differs (price)" in told
    assert "all sizes of '2K' together cost" in told


def test_a_refusal_that_costs_shows_in_the_balance(
    sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(surcharge=sinning(TOO_LONG, refusal())) as server:
        assert sizes_command("--base-url", server.base_url) == 1
    told = capsys.readouterr().err
    assert "FAIL free-failure" in told
    assert "the balance fell by 0.01 USD" in told


def test_the_budget_is_never_exceeded(sizes_command: Run) -> None:
    with serving() as server:
        assert sizes_command("--base-url", server.base_url, "--max-cost", "0.052") == 3
    spent = Decimal(1000) - server.balance
    assert spent == Decimal("0.05")
    assert refused_side() <= set(server.asked)


def test_a_server_that_takes_everything_cannot_spend_more_than_the_budget(
    sizes_command: Run,
) -> None:
    with serving(lambda _: picture(ONE)) as server:
        assert sizes_command("--base-url", server.base_url, "--max-cost", "0.1") == 1
    assert Decimal(1000) - server.balance <= Decimal("0.1")


def test_without_a_budget_only_what_is_free_is_sent_until_it_is_not(sizes_command: Run) -> None:
    with serving() as server:
        assert sizes_command("--base-url", server.base_url, "--max-cost", "0") == 0
    assert set(server.asked) == refused_side()
    with serving(lambda _: picture(ONE)) as greedy:
        assert sizes_command("--base-url", greedy.base_url, "--max-cost", "0") == 1
    assert greedy.asked.total() == 1


def test_far_off_only_the_refused_side_is_planned(
    sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sizes_command("--base-url", "https://api.example.com/v1", "--plan") == 0
    told = capsys.readouterr().err
    assert f"{len(refused_side()):,} sizes, 0 USD by list price, at most 0 USD" in told
    assert "nothing was sent" in told


def test_an_account_without_credit_ends_the_run(
    sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    poor = Reply(402, {"msg": "insufficient balance"})
    with serving(lambda size: poor if honest(size).status == 200 else None) as server:
        assert sizes_command("--base-url", server.base_url) == 3
    told = capsys.readouterr().err
    assert "the account has no credit left: HTTP 402: insufficient balance" in told
    assert server.asked.total() < len(everything())


# --- Broken off, in parts, out of reach --------------------------------------------------------


def test_a_run_is_taken_up_where_it_was_broken_off(sizes_command: Run, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    with serving() as server:
        assert sizes_command("--base-url", server.base_url, "--resume", records) == 0
        whole = records.read_bytes()
        lines = whole.splitlines(keepends=True)
        records.write_bytes(b"".join(lines[:101]) + lines[101][:9])
        server.asked.clear()
        assert sizes_command("--base-url", server.base_url, "--resume", records) == 0
    known = {json.loads(line)["size"] for line in lines[1:101]}
    assert set(server.asked) == everything() - known
    assert {
        json.loads(line)["size"] for line in records.read_bytes().splitlines()[1:]
    } == everything()


def test_what_may_have_been_sent_is_not_sent_again(sizes_command: Run, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    with serving() as server:
        options = ("--base-url", server.base_url, "--resume", records, "--max-cost", "100")
        assert sizes_command(*options) == 0
        lines = records.read_bytes().splitlines(keepends=True)
        assert json.loads(lines[1])["seen"] == "sent"
        records.write_bytes(b"".join(lines[:2]))
        server.asked.clear()
        assert sizes_command(*options) == 3
    assert json.loads(lines[1])["size"] not in server.asked


def test_records_of_another_run_are_refused(
    sizes_command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = tmp_path / "records.jsonl"
    with serving() as server:
        options = ("--base-url", server.base_url, "--resume", records)
        assert sizes_command(*options, "--shard", "1/2") == 0
        assert sizes_command(*options) == 2
    told = capsys.readouterr().err
    assert "it belongs to" in told
    assert "shard 1/2" in told
    assert "Traceback" not in told


def test_a_file_that_is_none_of_ours_is_refused(
    sizes_command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alien = tmp_path / "alien.jsonl"
    alien.write_text('{"hello": 1}\n')
    assert sizes_command("--merge", alien) == 2
    assert "no records file of `contracts sizes`" in capsys.readouterr().err


def test_shards_are_judged_as_one_when_merged(
    sizes_command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"{n}.jsonl" for n in (1, 2, 3)]
    with serving(sinning(ONE, picture(Size(16, 16)))) as server:
        codes = [
            sizes_command(
                "--base-url", server.base_url, "--shard", f"{n}/3", "--resume", files[n - 1]
            )
            for n in (1, 2, 3)
        ]
    assert sorted(codes) == [0, 0, 1]
    assert set(server.asked) == everything()
    assert set(server.asked.values()) == {1}
    assert sizes_command("--merge", *files, "--report", tmp_path) == 1
    assert f"1 of {len(everything()):,} sizes differ (size-exact)" in capsys.readouterr().err
    assert (tmp_path / "size-map.png").read_bytes().startswith(b"\x89PNG")
    innocent = [file for file, code in zip(files, codes, strict=True) if code == 0]
    assert sizes_command("--merge", *innocent) == 3


def test_records_say_what_was_seen(sizes_command: Run, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    with serving(sinning(TOO_LONG, picture(TOO_LONG))) as server:
        assert sizes_command("--base-url", server.base_url, "--resume", records) == 1
    heading, seen = read(records)
    assert heading.base_url == server.base_url
    assert heading.legal_side
    assert seen[str(ONE)].seen is Seen.PICTURE
    assert seen[str(ONE)].detail == str(ONE)
    assert not seen[str(ONE)].answer
    assert seen["0x0"].seen is Seen.REFUSED
    assert seen[str(TOO_LONG)].answer.startswith("200 | Content-Type: application/json | {")


def test_a_target_that_is_down_is_told_in_one_sentence(
    sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    assert sizes_command("--base-url", url) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert url in told


@pytest.mark.parametrize(
    "reply,sentence",
    [
        (Reply(404, {"msg": "no such path"}), "the target does not make images there: HTTP 404"),
        (Reply(401, {"msg": "who are you"}), "the key was refused: HTTP 401: who are you"),
        (Reply(200, None), "the target does not answer"),
    ],
)
def test_a_target_that_judges_nothing_is_told_by_one_request(
    reply: Reply, sentence: str, sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda _: reply) as server:
        assert sizes_command("--base-url", server.base_url) in {1, 2}
    assert sentence in capsys.readouterr().err
    assert server.asked.total() == 1


def test_a_target_that_stops_answering_is_left(
    sizes_command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda size: Reply(200, None) if size.width > 64 else None) as server:
        assert sizes_command("--base-url", server.base_url) == 1
    assert "the target does not answer: the connection was closed" in capsys.readouterr().err
    assert server.asked.total() < len(everything())


@pytest.mark.parametrize(
    "arguments,sentence",
    [
        ((), "--base-url URL and --api-key KEY are needed"),
        (("--base-url", "http://127.0.0.1:1/v1", "--api-key", "clé"), "must be printable ASCII"),
    ],
)
def test_misuse_is_told_in_one_sentence(
    arguments: tuple[str, ...],
    sentence: str,
    sizes_command: Run,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sizes_command(*arguments) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("announced", [True, False])
def test_a_server_that_closes_after_each_answer_is_judged_all_the_same(
    *, announced: bool, sizes_command: Run
) -> None:
    with serving(closing=True, announcing=announced) as server:
        assert sizes_command("--base-url", server.base_url) == 0
    assert set(server.asked.values()) == {1}
