"""Tells how orders stand: GET /orders/NAME reads the order's events, and keeps the answer in Redis for a while."""

import json
import os
import uuid
from functools import cache
from pathlib import Path

import psycopg
import uvicorn
from fastapi import FastAPI, HTTPException
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisError

app = FastAPI(openapi_url=None)

SECONDS = 2


def credential(name: str) -> str:
    return (Path(os.environ["CREDENTIALS_DIRECTORY"]) / name).read_text().strip()


def database() -> psycopg.Connection:
    return psycopg.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.environ["POSTGRES_PORT"],
        dbname=os.environ["POSTGRES_DATABASE"],
        user=os.environ["POSTGRES_USER"],
        password=credential("postgres_password"),
        connect_timeout=2,
        autocommit=True,
    )


@cache
def cluster() -> RedisCluster:
    nodes = [node.rsplit(":", 1) for node in os.environ["REDIS_NODES"].split(",")]
    return RedisCluster(
        startup_nodes=[ClusterNode(host, int(port)) for host, port in nodes],
        password=credential("redis_password"),
        socket_timeout=2,
        decode_responses=True,
    )


@app.get("/orders/{name}")
def order(name: uuid.UUID) -> dict[str, object]:
    kept = cluster().get(f"order:{name}")
    if kept is not None:
        return {**json.loads(kept), "cached": True}
    with database() as connection:
        query = "SELECT event_type, event_data FROM event_store.read_stream('order', %s)"
        events = connection.execute(query, (str(name),)).fetchall()
    if not events:
        raise HTTPException(404, "there is no such order")
    types = [kind for kind, _ in events]
    state = {**events[0][1], "state": "cancelled" if "order-cancelled" in types else "placed"}
    cluster().set(f"order:{name}", json.dumps(state), ex=SECONDS)
    return {**state, "cached": False}


@app.get("/health")
def health() -> dict[str, str]:
    try:
        with database() as connection:
            connection.execute("SELECT FROM event_store.events LIMIT 1")
    except psycopg.Error:
        raise HTTPException(503, "postgres") from None
    try:
        cluster().set("ledger:health", "1", ex=SECONDS)
    except RedisError:
        raise HTTPException(503, "redis") from None
    return {"status": "pass"}


if __name__ == "__main__":
    # systemd holds the port, and hands it over: nobody is refused while this restarts.
    uvicorn.run(app, fd=3, access_log=False)
