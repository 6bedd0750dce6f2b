"""Log lines, one a request: for a person, or as JSON."""

import logging
import sys

import orjson

from mock_server.journal import Exchange

__all__ = ["set_up_logs"]

_PROMPT_SHOWN = 60
_TEXT_SHOWN = 200


class _TextForm(logging.Formatter):
    """`200 POST /api/v1/images/generations sync 1024x1024 medium 0.025 USD 75.0 s`."""

    def format(self, record: logging.LogRecord) -> str:
        exchange = getattr(record, "exchange", None)
        if not isinstance(exchange, Exchange):
            return super().format(record)
        seconds = exchange.answered_at - exchange.received_at
        parts = [str(exchange.status), exchange.method, exchange.path[:_TEXT_SHOWN]]
        decided = exchange.decided
        if decided:
            parts += [str(decided[name]) for name in ("mode", "size", "quality")]
            parts.append(f"{decided['price']} USD")
        if exchange.message:
            rule = f"[{exchange.rule}] " if exchange.rule else ""
            parts.append(rule + exchange.message[:_TEXT_SHOWN])
        return " ".join([*parts, f"{seconds:.1f} s"])


class _JsonForm(logging.Formatter):
    """One JSON object a line; a prompt is cut and a key never shown."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"level": record.levelname.lower(), "at": record.created}
        exchange = getattr(record, "exchange", None)
        if isinstance(exchange, Exchange):
            line |= _facts(exchange)
        else:
            line["message"] = super().format(record)
        return orjson.dumps(line, default=str).decode()


def _facts(exchange: Exchange) -> dict[str, object]:
    facts: dict[str, object] = {
        "request": exchange.id,
        "method": exchange.method,
        "path": exchange.path[:_TEXT_SHOWN],
        "operation": exchange.operation or None,
        "status": exchange.status,
        "seconds": round(exchange.answered_at - exchange.received_at, 3),
        **exchange.decided,
        "rule": exchange.rule,
        "message": exchange.message and exchange.message[:_TEXT_SHOWN],
    }
    prompt = (exchange.fields or {}).get("prompt")
    if isinstance(prompt, str):
        facts["prompt"] = prompt[:_PROMPT_SHOWN]
    return {name: value for name, value in facts.items() if value is not None}


def set_up_logs(form: str, *, quiet: bool) -> None:
    """Send the mock's log to standard error; quiet leaves only what is wrong with the mock."""
    logger = logging.getLogger("mock_server")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonForm() if form == "json" else _TextForm())
    logger.handlers[:] = [handler]
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    logger.propagate = False
