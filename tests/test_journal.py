"""What was seen, the latest first, and not more than is kept."""

from mock_server.journal import Exchange, Journal


def exchange(name: str) -> Exchange:
    return Exchange(id=name, received_at=0.0, method="GET", path="/")


def test_the_latest_come_first_and_the_oldest_are_forgotten() -> None:
    journal = Journal(capacity=3)
    assert (journal.latest(), journal.seen) == ([], 0)
    for name in "abcde":
        journal.keep(exchange(name))
    assert [kept.id for kept in journal.latest()] == ["e", "d", "c"]
    assert journal.seen == 5


def test_a_thousand_are_kept() -> None:
    journal = Journal()
    for number in range(1200):
        journal.keep(exchange(str(number)))
    latest = journal.latest()
    assert (len(latest), latest[0].id, latest[-1].id) == (1000, "1199", "200")


def test_a_reset_forgets_all() -> None:
    journal = Journal()
    journal.keep(exchange("a"))
    journal.reset()
    assert (journal.latest(), journal.seen) == ([], 0)


def test_what_was_read_does_not_change_what_is_kept() -> None:
    journal = Journal()
    journal.keep(exchange("a"))
    journal.latest().clear()
    assert [kept.id for kept in journal.latest()] == ["a"]


def test_exchanges_do_not_share_what_they_hold() -> None:
    one, other = exchange("a"), exchange("b")
    one.decided["mode"] = "sync"
    assert other.decided == {}
    assert one.faults is not other.faults
