"""What `make test-api` sends where a component of a policy is wanted: bytes that are none."""

import schemathesis


@schemathesis.serializer("application/wasm")
def component(_, value):
    return value if isinstance(value, bytes) else str(value).encode()
