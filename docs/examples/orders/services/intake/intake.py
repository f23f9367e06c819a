"""Takes orders: POST /orders appends an event to the order's stream in the event store."""

import os
import uuid
from pathlib import Path

import psycopg
import uvicorn
from fastapi import FastAPI, HTTPException, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, Field

app = FastAPI(openapi_url=None)


class Order(BaseModel):
    customer: str = Field(min_length=1, max_length=200)
    cents: int = Field(gt=0)


def database() -> psycopg.Connection:
    password = (Path(os.environ["CREDENTIALS_DIRECTORY"]) / "postgres_password").read_text().strip()
    return psycopg.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.environ["POSTGRES_PORT"],
        dbname=os.environ["POSTGRES_DATABASE"],
        user=os.environ["POSTGRES_USER"],
        password=password,
        connect_timeout=2,
        autocommit=True,
    )


@app.post("/orders", status_code=201)
def place(order: Order) -> dict[str, str]:
    """Start a stream: -1 says that there must be none of this name yet."""
    name = str(uuid.uuid4())
    events = Jsonb([{"event_type": "order-placed", "event_data": order.model_dump()}])
    with database() as connection:
        connection.execute("SELECT FROM event_store.append('order', %s, -1, %s)", (name, events))
    return {"order": name}


@app.post("/orders/{name}/cancel", status_code=204)
def cancel(name: uuid.UUID) -> Response:
    """Go on with a stream: -4 says that it must be there."""
    events = Jsonb([{"event_type": "order-cancelled", "event_data": {}}])
    with database() as connection:
        try:
            connection.execute("SELECT FROM event_store.append('order', %s, -4, %s)", (str(name), events))
        except psycopg.Error as error:
            # SE001: the stream is not at the expected version.
            if error.sqlstate == "SE001":
                raise HTTPException(404, "there is no such order") from None
            raise
    return Response(status_code=204)


@app.get("/health")
def health() -> dict[str, str]:
    try:
        with database() as connection:
            connection.execute("SELECT FROM event_store.events LIMIT 1")
    except psycopg.Error:
        raise HTTPException(503, "postgres") from None
    return {"status": "pass"}


if __name__ == "__main__":
    # systemd holds the port, and hands it over: nobody is refused while this restarts.
    uvicorn.run(app, fd=3, access_log=False)
