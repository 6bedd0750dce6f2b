"""The file a run writes as it goes: a heading, then one sighting a line. It is only appended to.

So a run that was broken off is taken up where it ended, and the files of shards are merged by
reading them together. Sightings are judged when they are read, never when they are written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import orjson

from contracts.decode import SpecError, record
from contracts.lattice.sightings import Seen, Sighting

__all__ = ["Heading", "Records", "RecordsError", "read", "read_all"]


class RecordsError(ValueError):
    """A records file that cannot be used; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a file is about; files belong together when they agree in all but the shard."""

    base_url: str
    plan: str
    """Digest of the part of the contract from which the plan follows."""
    legal_side: bool
    shard: str


class Records:
    """The open file; what it already holds is in `known`, by size."""

    def __init__(self, file: BinaryIO, known: Mapping[str, Sighting]) -> None:
        self._file = file
        self.known = known

    @classmethod
    def open(cls, path: Path, heading: Heading) -> "Records":
        """The file, made or taken up; RecordsError if it is about another run."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or not path.stat().st_size:
            file = path.open("wb")
            file.write(_line(heading))
            return cls(file, {})
        found, known = read(path)
        if found != heading:
            raise RecordsError(f"{path}: it belongs to {_words(found)}; this is {_words(heading)}")
        _cut_unfinished_line(path)
        return cls(path.open("ab"), known)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def keep(self, sighting: Sighting) -> None:
        """Appends it; what follows an earlier sighting of the size replaces that."""
        self._file.write(_line(sighting))

    def flush(self) -> None:
        """Hands all that was kept to the operating system."""
        self._file.flush()


def read(path: Path) -> tuple[Heading, Mapping[str, Sighting]]:
    """The heading and the last sighting of each size; RecordsError for any other file."""
    try:
        first, *rest = _whole_lines(path)
    except OSError as error:
        raise RecordsError(f"{path}: {error.strerror}") from error
    except ValueError:
        raise RecordsError(f"{path}: it is empty") from None
    try:
        heading = record(Heading, orjson.loads(first), "heading")
        sightings = [_sighting(line) for line in rest]
    except (ValueError, KeyError, SpecError) as error:
        raise RecordsError(f"{path}: no records file of `contracts sizes`: {error}") from error
    return heading, {sighting.size: sighting for sighting in sightings}


def read_all(paths: Iterable[Path]) -> tuple[Heading, Mapping[str, Sighting]]:
    """The files of all shards as one; RecordsError where they do not belong together."""
    headings: dict[Path, Heading] = {}
    merged: dict[str, Sighting] = {}
    for path in paths:
        headings[path], sightings = read(path)
        merged |= sightings
    alike = {(each.base_url, each.plan, each.legal_side) for each in headings.values()}
    if len(alike) != 1:
        about = "; ".join(f"{path}: {_words(heading)}" for path, heading in headings.items())
        raise RecordsError(f"these files belong to different runs: {about}")
    heading = next(iter(headings.values()))
    shards = ", ".join(sorted({each.shard for each in headings.values()}))
    return Heading(heading.base_url, heading.plan, heading.legal_side, shards), merged


def _line(fields: Heading | Sighting) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _sighting(line: bytes) -> Sighting:
    fields = cast("dict[str, str]", orjson.loads(line))
    return Sighting(fields["size"], Seen(fields["seen"]), fields["detail"], fields["answer"])


def _whole_lines(path: Path) -> list[bytes]:
    """A run that is killed may leave half a line at the end."""
    return path.read_bytes().split(b"\n")[:-1]


def _cut_unfinished_line(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(file.read().rfind(b"\n") + 1)


def _words(heading: Heading) -> str:
    side = "both sides" if heading.legal_side else "the refused side"
    return f"{heading.base_url}, {side}, shard {heading.shard}, plan {heading.plan}"
