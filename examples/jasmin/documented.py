# Jasmin's documentation has this script ("This script will override sender-id"), for the throughput without Callsign. The address
# is bytes here: Jasmin 0.11 encodes no text.
routable.pdu.params['source_addr'] = b'123456789'
