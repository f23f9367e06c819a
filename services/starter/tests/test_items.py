"""What events make of an item."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from event_store import StoredEvent
from pydantic import ValidationError

from a_service.items import ADDED, RENAMED, STREAM, Item, ItemName, as_item

ID = UUID("00000000-0000-4000-8000-000000000001")


def event(kind: str, version: int, name: str) -> StoredEvent:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return StoredEvent(version, uuid4(), kind, STREAM, str(ID), version, {"name": name}, {}, at)


def test_an_item_has_the_name_that_it_was_given_last():
    assert as_item([]) is None
    assert as_item([event(ADDED, 1, "a")]) == Item(ID, "a", 1)
    assert as_item([event(ADDED, 1, "a"), event(RENAMED, 2, "b")]) == Item(ID, "b", 2)


def test_an_event_that_is_not_known_changes_nothing():
    assert as_item([event(ADDED, 1, "a"), event("another", 2, "b")]) == Item(ID, "a", 1)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_is_not_empty_and_not_a_novel(name: str):
    with pytest.raises(ValidationError):
        ItemName(name=name)
