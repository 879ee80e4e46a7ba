"""Fills the source address of Jasmin's MT messages by decisions of Callsign.

Jasmin's interceptord runs a script for every message, in its own process. Python imports this module once there, so the gateway is
made once. A group of Jasmin is an application of Callsign, and a user is an entity.
"""

import os

import callsign_gateway as callsign
from smpp.pdu.pdu_types import AddrNpi, AddrTon

# What a source address is, by the type of the sender.
KINDS = {
    "ALPHANUMERIC": (AddrTon.ALPHANUMERIC, AddrNpi.UNKNOWN),
    "SHORT_CODE": (AddrTon.NETWORK_SPECIFIC, AddrNpi.UNKNOWN),
    "VIRTUAL_LONG_NUMBER": (AddrTon.INTERNATIONAL, AddrNpi.ISDN),
    "TOLL_FREE_NUMBER": (AddrTon.INTERNATIONAL, AddrNpi.ISDN),
}
ESME_RINVSRCADR = 10
BAD_REQUEST = 400

gateway = callsign.Gateway(
    callsign.Catalog.load(os.environ["CALLSIGN_CATALOG"]),
    # Where recipients' senders are kept; in memory without it.
    pins=os.environ.get("CALLSIGN_PINS"),
)


def fill(routable):
    """Sets the source address of a message, and returns (None, None). If there is no sender for it, returns the SMPP and the HTTP
    status to refuse it with.
    """
    params = routable.pdu.params
    decision = gateway.resolve(
        callsign.Message(
            params["destination_addr"].decode("ascii", "replace"),
            application=routable.user.group.gid,
            entity=routable.user.uid,
        )
    )
    if decision.refusal:
        return ESME_RINVSRCADR, BAD_REQUEST
    ton, npi = KINDS[decision.sender_type]
    # An international number has no plus in SMPP: its type of number says it.
    params["source_addr"] = decision.sender.removeprefix("+").encode("latin-1")
    params["source_addr_ton"] = ton
    params["source_addr_npi"] = npi
    # The connector shall not set them again.
    routable.lockPduParam("source_addr_ton")
    routable.lockPduParam("source_addr_npi")
    return None, None
