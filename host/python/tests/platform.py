"""A small platform that most tests decide on."""

import functools
import json
from pathlib import Path

import callsign_gateway as cg

ROOT = Path(__file__).resolve().parents[3]
# The standard policy as a file, as an operator has one.
COMPONENT = ROOT / "guest" / "component" / "standard.wasm"


def number(sender_id, address):
    return {
        "senderId": sender_id,
        "sender": address,
        "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}],
    }


def association(sender_id, channel="SMS"):
    return {
        "resourceType": "NUMBER",
        "channel": channel,
        "applicationId": "shop",
        "entityId": None,
        "resourceId": sender_id,
    }


def elements(**strategy):
    """Two numbers of an application, in California and in New York."""
    return {
        "applications": [{"applicationId": "shop"}],
        "entities": [{"entityId": "acme"}],
        "senders": [number("S1", "+14155550100"), number("S2", "+12125550100")],
        "associations": [association("S1"), association("S2")],
        "sendingStrategies": [
            {"sendingStrategyId": "LOCAL", "platform": {"applicationId": "shop"}, "useGeolocatedSender": True, **strategy}
        ],
    }


def catalog(**strategy):
    return cg.Catalog.from_json(json.dumps(elements(**strategy)))


@functools.cache
def patient():
    """The standard policy with a minute for a call. A busy machine may keep it from its core for the 200 ms that it has by default."""
    return cg.Policy.load(COMPONENT, limits=cg.Limits(deadline_ms=60_000))


def gateway_of(catalog, **options):
    return cg.Gateway(catalog, policy=patient(), **options)


def message(to="+14155550123", **fields):
    return cg.Message(to, application="shop", **fields)
