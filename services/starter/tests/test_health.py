"""Health: what grew old is never told as well."""

from a_service.health import Health


def test_before_their_first_word_parts_are_starting():
    status, body = Health(["postgres"]).document()
    assert status == 503
    assert body["components"] == [{"name": "postgres", "status": "fail", "code": "starting"}]


def test_one_part_that_fails_makes_all_of_it_fail():
    health = Health(["postgres", "rabbitmq"])
    health.tell("postgres", "ok")
    health.tell("rabbitmq", "ok")
    assert health.document()[0] == 200
    health.tell("rabbitmq", "refused")
    status, body = health.document()
    assert (status, body["status"]) == (503, "fail")
    assert [component["code"] for component in body["components"]] == ["ok", "refused"]


def test_a_part_that_says_nothing_more_is_stale():
    health = Health(["postgres"], stale_after=-1)
    health.tell("postgres", "ok")
    assert health.components() == {"postgres": ("fail", "stale")}


def test_it_is_ready_once_each_part_has_been_ready():
    health = Health(["postgres", "projection"])
    health.tell("postgres", "ok")
    health.tell("projection", "ok", ready=False)
    assert health.document()[0] == 200
    assert health.ready() == (503, {"ready": False, "waitingFor": ["projection"]})
    health.tell("projection", "ok")
    health.tell("postgres", "refused")
    assert health.ready()[0] == 200
