"""HTML that is safe by construction: what is not markup already is escaped, whoever wrote it.

What a target answers is shown to a person. Characters that would reorder, hide or break the text
around them are therefore shown as their names.
"""

import unicodedata
from html import escape

__all__ = ["Html", "joined", "readable", "tag"]

VOID = frozenset({"br", "img", "link", "meta"})
KEPT = "\n\t"
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories: controls, formats (bidi and zero width), surrogates, private, separators."""


class Html(str):
    """A text that is markup: it goes into the page as it is."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | bool | None) -> Html:
    """An element. Children that are no `Html` are text; `class_` and `aria_label` are attributes.

    An attribute that is None or False is left out, True is written without a value.
    """
    head = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{_escaped(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{head}>")
    return Html(f"<{name}{head}>{joined(*children)}</{name}>")


def joined(*children: str) -> Html:
    """The children in a row."""
    return Html("".join(each if isinstance(each, Html) else _escaped(each) for each in children))


def readable(text: str) -> str:
    """The text with every character that a reader would not see, or not believe, as its name."""
    return "".join(_named(each) if _is_unseen(each) else each for each in text)


def _escaped(text: str) -> str:
    return escape(readable(str(text)), quote=True)


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _is_unseen(character: str) -> bool:
    return character not in KEPT and unicodedata.category(character) in UNSEEN


def _named(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"
