"""What lies behind the URLs of pictures and uploads: the same for everybody, as often as asked."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from contracts.asking import default_size, generation, probe, task
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court
from contracts.exchange import Exchange, File, Key, Request, at
from contracts.judge import NotJudgedError
from contracts.oracle import tasks
from contracts.samples import SAMPLE, gradient

NAME_END = 8
"""How many letters at the end of a name are turned round to make another of its form."""


def pictures_at_urls(world: World) -> Iterator[Probe]:
    """A picture that was answered, and one of a task."""
    sized = generation(world, size=default_size(world))
    yield probe(world, "sync", sized, rule="same-bytes", level=Level.SMOKE)
    yield probe(world, "task", task(world), rule="same-bytes", level=Level.SMOKE)


@rule("same-bytes", "status")
@probes(pictures_at_urls)
def test_a_picture_is_served_again_and_at_its_url_alone(probe: Probe, court: Court) -> None:
    """Whoever shows a picture to several people fetches it several times."""
    urls = _urls(probe, court)
    if not urls:
        raise NotJudgedError("no URL came")
    for url in urls:
        _judge_again(court, "same-bytes", court.target.fetch(url))


@rule("files", "status")
@bill(Level.FREE, requests=4)
def test_an_upload_is_served_again_and_at_its_url_alone(court: Court) -> None:
    part = court.world.spec.facts.files.part
    form = Request("POST", "/files", parts=((part, File(gradient(SAMPLE))),))
    url = at(court.target.send(form).answer.json, "data", "publicUrl")
    if not isinstance(url, str):
        raise NotJudgedError("the target offers no uploads (POST /files)")
    _judge_again(court, "files", court.target.fetch(url))


def _judge_again(court: Court, name: str, first: Exchange) -> None:
    """A second GET brings the same bytes, and a URL that nobody was given brings none."""
    ok, missing = 200, court.world.spec.facts.status.of("not_found")
    if first.answer.status != ok:
        raise NotJudgedError(f"the URL answers {first.answer.status}")
    url = first.request.path
    again = court.target.get(url, key=Key.NONE)
    same = again.answer.status == ok and again.answer.body == first.answer.body
    wrong = [] if same else [f"status {again.answer.status}, {len(again.answer.body)} bytes"]
    told = f"{ok} and the {len(first.answer.body)} bytes that came before"
    court.judge(name, again, expected=told, problems=wrong)
    other = court.target.get(_of_the_same_form(url), key=Key.NONE)
    wrong = [f"status {ok}"] if other.answer.status == ok else []
    court.judge(name, other, expected=f"{missing} at a URL that nobody was given", problems=wrong)


def _urls(probe: Probe, court: Court) -> list[str]:
    if probe.is_task:
        return tasks.result_urls(court.target.history(probe).last)
    found = [entry.get("url") for entry in court.target.exchange(probe).answer.entries()]
    return [url for url in found if isinstance(url, str)]


def _of_the_same_form(url: str) -> str:
    """Another URL: the end of the longest name in its path, before any suffix, is turned round."""
    path = urlsplit(url).path
    stem = max(path.split("/"), key=len).partition(".")[0]
    turned = stem[:-NAME_END] + stem[-NAME_END:][::-1]
    return url.replace(path, path.replace(stem, turned if turned != stem else f"{stem}x"))
