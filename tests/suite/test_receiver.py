"""The receiver of webhooks answers as it is told, and remembers."""

import urllib3

from contracts.receiver import Receiver

POLL = "http://127.0.0.1:9/?task_id="


def test_answers_are_used_up_in_order_and_the_last_for_ever() -> None:
    with Receiver({"a": [500, 204]}, poll_url=POLL, authorization="Bearer x") as receiver:
        url = receiver.url("a")
        statuses = [
            urllib3.request("POST", url, body=b"{}", retries=False).status for _ in range(3)
        ]
        assert receiver.counts() == {"a": 3}
        seen, until = receiver.close()
    assert statuses == [500, 204, 204]
    attempts = [sighting.attempt for sighting in seen["a"]]
    assert [attempt.answered for attempt in attempts] == [500, 204, 204]
    assert [attempt.method for attempt in attempts] == ["POST"] * 3
    assert attempts[0].body == b"{}"
    assert attempts[0].at_s < attempts[1].at_s < until


def test_a_followed_redirect_is_seen() -> None:
    with Receiver({"a": [302, 200]}, poll_url=POLL, authorization="Bearer x") as receiver:
        urllib3.request("POST", receiver.url("a"), body=b"{}", redirect=True, retries=1)
        seen, _ = receiver.close()
    assert set(seen) == {"a", "a-elsewhere"}


def test_silence_lasts_until_the_sender_gives_up() -> None:
    with Receiver({"a": [None, 200]}, poll_url=POLL, authorization="Bearer x") as receiver:
        try:
            urllib3.request("POST", receiver.url("a"), body=b"{}", timeout=0.2, retries=False)
        except urllib3.exceptions.ReadTimeoutError:
            pass
        else:
            raise AssertionError("an answer came")
        urllib3.request("POST", receiver.url("a"), body=b"{}", retries=False)
        seen, _ = receiver.close()
    first = seen["a"][0].attempt
    assert first.answered is None
    assert first.ended_s > first.at_s
    assert seen["a"][1].attempt.answered == 200


def test_what_the_poll_says_is_kept() -> None:
    with Receiver({"a": [200]}, poll_url=POLL, authorization="Bearer x") as receiver:
        urllib3.request("POST", receiver.url("a"), body=b'{"data": {"taskId": "t"}}', retries=False)
        seen, _ = receiver.close()
    assert seen["a"][0].state.startswith("unknown")
