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
    uvicorn.run(app, host=os.environ["SERVICE_HOST"], port=int(os.environ["SERVICE_PORT"]), access_log=False)
