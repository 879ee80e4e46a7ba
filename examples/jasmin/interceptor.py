# The script that Jasmin is given: mtinterceptor -a, script python3(.../interceptor.py)
import callsign_sender

smpp_status, http_status = callsign_sender.fill(routable)
