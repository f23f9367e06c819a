"""A service to begin with: it says hello, and that it is well."""

import os

import uvicorn
from fastapi import FastAPI

app = FastAPI(openapi_url=None)


@app.get("/")
def hello() -> dict[str, str]:
    return {"hello": os.environ["STACK_NAME"]}


# The stack's agent asks this; 503 says that something is wrong.
@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "pass"}


if __name__ == "__main__":
    # systemd holds the port and hands it over as descriptor 3, so that nobody is refused while this restarts.
    # With `socket: false` in stack.yaml, and by hand, the service listens by itself.
    if "LISTEN_FDS" in os.environ:
        uvicorn.run(app, fd=3, access_log=False)
    else:
        uvicorn.run(app, host=os.environ["SERVICE_HOST"], port=int(os.environ["SERVICE_PORT"]), access_log=False)
