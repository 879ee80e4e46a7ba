"""What a decision costs in Python, alone and in batches of 64: nanoseconds in the median of several rounds.

The platform has 1,000 long numbers in 50 area codes, and messages go to recipients of all of them: as the benchmark of the Rust
library that is called "a decision among 1,000 senders".
"""

import argparse
import asyncio
import json
import statistics
import time

import callsign_gateway as cg


def catalog():
    """The platform."""
    senders = [
        {
            "senderId": f"S{place}",
            "sender": f"+1{AREAS[place % len(AREAS)]}556{place:04}",
            "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [{"channel": "SMS", "countries": ["US"]}],
        }
        for place in range(1_000)
    ]
    associations = [
        {
            "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": None, "resourceId": one["senderId"],
        }
        for one in senders
    ]
    strategy = {"sendingStrategyId": "GENERAL", "platform": {"applicationId": "shop"}, "useGeolocatedSender": True}
    return cg.Catalog.from_json(json.dumps({
        "applications": [{"applicationId": "shop"}], "senders": senders, "associations": associations,
        "sendingStrategies": [strategy],
    }))


AREAS = [
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229, 231, 234, 239, 240,
    248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314,
]


def measure(rounds, decisions, work):
    """The nanoseconds of a decision in the median of the rounds; `work` makes so many decisions."""
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter_ns()
        work()
        times.append((time.perf_counter_ns() - begun) / decisions)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    messages = [cg.Message(f"+1{AREAS[place % 50]}555{place:04}", application="shop") for place in range(6_400)]
    batches = [messages[place : place + 64] for place in range(0, 6_400, 64)]
    with cg.Gateway(catalog()) as gateway:
        resolve, resolve_many = gateway.resolve, gateway.resolve_many

        def alone():
            for one in messages:
                resolve(one)

        def in_batches():
            for batch in batches:
                resolve_many(batch)

        def read():
            for batch in batches:
                for decision in resolve_many(batch):
                    decision.sender

        def make():
            for one in messages:
                cg.Message("+14155550123", application="shop")

        async def awaited():
            for one in messages:
                await gateway.resolve_async(one)

        for name, work in [
            ("a decision, alone", alone),
            ("a decision in a batch of 64", in_batches),
            ("the same, and its sender read", read),
            ("a decision, awaited", lambda: asyncio.run(awaited())),
            ("making a message", make),
        ]:
            print(f"{name:32} {measure(rounds, len(messages), work):8.0f} ns")


if __name__ == "__main__":
    main()
